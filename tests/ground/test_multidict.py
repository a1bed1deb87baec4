"""MultiDict against a list of pairs, which is what it means."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.multidict import MultiDict, MutableMultiDict

KEYS = st.sampled_from(["a", "b", "c", "", "ä"])
PAIRS = st.lists(st.tuples(KEYS, st.integers()), max_size=20)


def test_bracket_and_get_give_the_first_value():
    fields = MultiDict([("tag", "a"), ("tag", "b")])

    assert fields["tag"] == "a"
    assert fields.get("tag") == "a"


def test_missing_key_raises_in_brackets_and_is_none_or_default_in_get():
    fields: MultiDict[str] = MultiDict()

    with pytest.raises(KeyError):
        fields["tag"]
    assert fields.get("tag") is None
    assert fields.get("tag", "none") == "none"


def test_get_all_gives_every_value_in_order_and_a_list_of_its_own():
    fields = MultiDict([("tag", "a"), ("page", "1"), ("tag", "b")])

    fields.get_all("tag").append("c")

    assert fields.get_all("tag") == ["a", "b"]
    assert fields.get_all("nothing") == []


def test_items_counts_each_key_once_and_multi_items_counts_each_pair():
    fields = MultiDict([("tag", "a"), ("page", "1"), ("tag", "b")])

    assert list(fields.items()) == [("tag", "a"), ("page", "1")]
    assert fields.multi_items() == [("tag", "a"), ("page", "1"), ("tag", "b")]
    assert len(fields) == 2


def test_multi_items_gives_a_list_that_can_be_changed_without_harm():
    fields = MultiDict([("tag", "a")])

    fields.multi_items().clear()

    assert fields.multi_items() == [("tag", "a")]


def test_can_be_built_from_a_dict_from_another_multidict_and_from_an_iterator():
    pairs = [("a", 1), ("b", 2)]

    assert MultiDict(dict(pairs)).multi_items() == pairs
    assert MultiDict(MultiDict([("a", 1), ("a", 2)])).multi_items() == [("a", 1), ("a", 2)]
    assert MultiDict(iter(pairs)).multi_items() == pairs


def test_order_of_pairs_matters_when_two_are_compared():
    assert MultiDict([("a", 1), ("b", 2)]) != MultiDict([("b", 2), ("a", 1)])
    assert MultiDict([("a", 1), ("a", 2)]) != MultiDict([("a", 1)])


def test_compares_with_a_plain_dict_by_first_values():
    assert MultiDict([("a", 1), ("a", 2)]) == {"a": 1}


def test_is_a_mapping_that_cannot_be_hashed():
    assert isinstance(MultiDict(), Mapping)
    with pytest.raises(TypeError):
        hash(MultiDict())


def test_repr_shows_every_pair():
    assert repr(MultiDict([("a", 1), ("a", 2)])) == "MultiDict([('a', 1), ('a', 2)])"


def test_read_only_kind_has_no_way_to_assign():
    with pytest.raises(TypeError):
        MultiDict([("a", 1)])["a"] = 2  # type: ignore[index]  # that is the test


def test_copies_and_pickles_are_equal_and_independent():
    fields = MutableMultiDict([("a", 1), ("a", 2)])

    twin = copy.deepcopy(fields)
    twin.add("a", 3)

    assert fields.get_all("a") == [1, 2]
    assert pickle.loads(pickle.dumps(fields)) == fields


def test_a_mutable_one_made_from_another_does_not_share_its_pairs():
    original = MutableMultiDict([("a", 1)])

    MutableMultiDict(original).add("a", 2)

    assert original.get_all("a") == [1]


def test_add_keeps_earlier_values():
    fields = MutableMultiDict([("a", 1)])

    fields.add("a", 2)

    assert fields.get_all("a") == [1, 2]


def test_set_replaces_all_values_at_the_place_of_the_first():
    fields = MutableMultiDict([("a", 1), ("b", 2), ("a", 3)])

    fields.set("a", 9)

    assert fields.multi_items() == [("a", 9), ("b", 2)]


def test_set_of_a_new_key_appends():
    fields = MutableMultiDict([("a", 1)])

    fields.set("b", 2)

    assert fields.multi_items() == [("a", 1), ("b", 2)]


def test_remove_takes_every_value_and_returns_them():
    fields = MutableMultiDict([("a", 1), ("b", 2), ("a", 3)])

    assert fields.remove("a") == [1, 3]
    assert fields.multi_items() == [("b", 2)]


def test_remove_of_a_missing_key_raises_unless_a_default_is_given():
    fields: MutableMultiDict[int] = MutableMultiDict()

    with pytest.raises(KeyError):
        fields.remove("a")
    assert fields.remove("a", None) is None


@given(PAIRS)
def test_answers_as_a_list_of_pairs_would(pairs: list[tuple[str, int]]):
    fields = MultiDict(pairs)
    keys = list(dict.fromkeys(key for key, _ in pairs))

    assert list(fields) == keys
    assert fields.multi_items() == pairs
    for key in keys:
        values = [value for name, value in pairs if name == key]
        assert key in fields
        assert fields[key] == values[0]
        assert fields.get_all(key) == values


@given(
    PAIRS, st.lists(st.tuples(st.sampled_from(["add", "set", "remove"]), KEYS, st.integers()), max_size=10)
)
def test_any_run_of_changes_leaves_pairs_and_index_in_step(
    pairs: list[tuple[str, int]], changes: list[tuple[str, str, int]]
):
    fields = MutableMultiDict(pairs)

    for verb, key, value in changes:
        if verb == "add":
            fields.add(key, value)
        elif verb == "set":
            fields.set(key, value)
        else:
            fields.remove(key, None)

    again = MultiDict(fields.multi_items())
    assert fields == again
    assert {key: fields.get_all(key) for key in fields} == {key: again.get_all(key) for key in again}
