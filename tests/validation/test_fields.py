"""A whole struct from texts by name: queries and forms."""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, NotRequired, TypedDict

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from bistro.ground.multidict import MultiDict
from bistro.validation import UnsupportedType, ValidationFailed, struct_converter


class Kind(enum.Enum):
    BOOK = "book"
    TOY = "toy"


class Filters(Struct):
    text: str = ""
    page: Annotated[int, Meta(ge=1)] = 1
    tags: list[str] = []
    kinds: set[Kind] = set()
    since: date | None = None
    price_max: Decimal | None = None
    in_stock: bool = False


class SignUp(Struct, rename="camel", forbid_unknown_fields=True):
    first_name: Annotated[str, Meta(min_length=1, max_length=20)]
    age: int
    newsletter: bool
    nick_name: str | None
    choices: list[int]


def source(*pairs: tuple[str, str]) -> MultiDict[str]:
    return MultiDict(pairs)


def test_struct_is_filled_from_the_names() -> None:
    result = struct_converter(Filters)(
        source(
            ("text", "red"),
            ("page", "3"),
            ("tags", "a"),
            ("tags", "b"),
            ("kinds", "toy"),
            ("since", "2024-02-29"),
            ("in_stock", "on"),
            ("price_max", "9.50"),
        )
    )

    assert result == Filters("red", 3, ["a", "b"], {Kind.TOY}, date(2024, 2, 29), Decimal("9.50"), True)


def test_what_is_absent_has_its_default() -> None:
    assert struct_converter(Filters)(source()) == Filters()


def test_defaults_are_not_shared_between_requests() -> None:
    convert = struct_converter(Filters)
    convert(source()).tags.append("mine")

    assert convert(source()).tags == []


def test_empty_input_counts_as_not_given_where_no_text_is_wanted() -> None:
    result = struct_converter(Filters)(source(("page", ""), ("since", ""), ("price_max", ""), ("text", "")))

    assert result == Filters()


def test_unticked_checkbox_is_false_and_a_ticked_one_true() -> None:
    complete = (("firstName", "A"), ("age", "1"), ("choices", "1"))

    assert struct_converter(SignUp)(source(*complete)).newsletter is False
    assert struct_converter(SignUp)(source(*complete, ("newsletter", "on"))).newsletter is True


def test_absent_value_that_may_be_none_is_none() -> None:
    assert (
        struct_converter(SignUp)(source(("firstName", "A"), ("age", "1"), ("choices", "1"))).nick_name is None
    )


def test_all_problems_are_told_at_once_under_the_names_that_were_sent(codes_of) -> None:
    wrong = source(
        ("firstName", ""),
        ("age", "x"),
        ("newsletter", "maybe"),
        ("choices", "1"),
        ("choices", "two"),
        ("is_admin", "1"),
    )

    assert codes_of(struct_converter(SignUp), wrong) == {
        "firstName": "missing",
        "age": "type",
        "newsletter": "type",
        "choices[1]": "type",
        "is_admin": "unknown-field",
    }


def test_every_missing_field_is_told(codes_of) -> None:
    assert codes_of(struct_converter(SignUp), source()) == {
        "firstName": "missing",
        "age": "missing",
        "choices": "missing",
    }


def test_problems_have_no_place_so_that_the_caller_fills_it_in(problems_of) -> None:
    assert {problem.place for problem in problems_of(struct_converter(SignUp), source())} == {""}


def test_unknown_names_are_passed_over_where_they_are_not_forbidden() -> None:
    assert struct_converter(Filters)(source(("is_admin", "1"), ("page", "2"))) == Filters(page=2)


def test_hostile_unknown_name_is_escaped_in_the_path(problems_of) -> None:
    complete = (("firstName", "A"), ("age", "1"), ("choices", "1"))
    (problem,) = problems_of(struct_converter(SignUp), source(*complete, ("<b>\n\x1b" + "x" * 1000, "1")))

    assert problem.path.startswith('["<b>\\n\\x1bxxx')
    assert len(problem.path) < 100


def test_many_unknown_names_give_at_most_100_problems(problems_of) -> None:
    many = source(*((f"x{index}", "1") for index in range(1000)))

    assert len(problems_of(struct_converter(SignUp), many)) == 100


def test_first_of_several_values_counts_as_in_a_multidict() -> None:
    assert struct_converter(Filters)(source(("page", "2"), ("page", "3"))).page == 2


@dataclass
class Address:
    street: str
    number: int = 1
    lines: list[str] = field(default_factory=list)


class AddressDict(TypedDict):
    street: str
    number: NotRequired[int]
    lines: NotRequired[list[str]]


@attrs.define
class AddressAttrs:
    street: str
    number: int = attrs.field(default=1, validator=attrs.validators.lt(100))
    lines: list[str] = attrs.field(factory=list)


def test_dataclass_typed_dict_and_attrs_class_are_filled_alike() -> None:
    given = source(("street", "Main"), ("lines", "a"))

    assert struct_converter(Address)(given) == Address("Main", 1, ["a"])
    assert struct_converter(AddressDict)(given) == {"street": "Main", "lines": ["a"]}
    assert struct_converter(AddressAttrs)(given) == AddressAttrs("Main", 1, ["a"])


def test_validator_of_an_attrs_class_is_heard(problems_of) -> None:
    (problem,) = problems_of(struct_converter(AddressAttrs), source(("street", "Main"), ("number", "100")))

    assert problem.code == "invalid"
    assert "100" in problem.message


class Stay(Struct):
    arrival: date
    departure: date

    def __post_init__(self) -> None:
        if self.departure < self.arrival:
            raise ValueError("The departure is before the arrival.")


def test_check_of_the_whole_speaks_with_its_own_words(problems_of) -> None:
    (problem,) = problems_of(
        struct_converter(Stay), source(("arrival", "2024-02-02"), ("departure", "2024-02-01"))
    )

    assert (problem.path, problem.message, problem.code) == (
        "",
        "The departure is before the arrival.",
        "invalid",
    )


class Change(Struct):
    title: str | UnsetType = UNSET
    done: bool | None = None


def test_what_a_change_leaves_out_stays_unset() -> None:
    assert struct_converter(Change)(source()) == Change(UNSET, None)
    assert struct_converter(Change)(source(("title", ""), ("done", "no"))) == Change("", False)


class Nested(Struct):
    address: Address


class Pair(NamedTuple):
    a: int


class Positional(Struct, array_like=True):
    a: int


@pytest.mark.parametrize("type_", [int, dict, list[int], Nested, Pair, Positional])
def test_type_that_named_texts_can_not_fill_is_refused_at_freeze(type_: Any) -> None:
    with pytest.raises(UnsupportedType) as caught:
        struct_converter(type_)

    assert caught.value.fix


def test_field_at_fault_is_named_at_freeze() -> None:
    with pytest.raises(UnsupportedType, match=r"Nested\.address"):
        struct_converter(Nested)


def test_any_object_with_get_all_and_in_will_do() -> None:
    class Headers:
        def get_all(self, name: str) -> list[str]:
            return ["7"]

        def __contains__(self, name: object) -> bool:
            return name == "page"

    assert struct_converter(Filters)(Headers()) == Filters(page=7)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["text", "page", "tags", "kinds", "since", "in_stock", "x"]), st.text(max_size=12)
        ),
        max_size=12,
    )
)
def test_no_query_raises_anything_but_a_refusal(pairs: list[tuple[str, str]]) -> None:
    try:
        struct_converter(Filters)(MultiDict(pairs))
    except ValidationFailed as error:
        assert error.problems


@given(
    st.text(),
    st.integers(1, 2**63 - 1),
    st.lists(st.text(), max_size=5),
    st.booleans(),
    st.none() | st.dates(),
)
def test_what_is_written_as_text_comes_back(
    text: str, page: int, tags: list[str], in_stock: bool, since: date | None
) -> None:
    texts = defaultdict[str, list[str]](list)
    texts["text"], texts["page"], texts["tags"] = [text], [str(page)], tags
    texts["in_stock"], texts["since"] = [str(in_stock)], [since.isoformat() if since else ""]

    result = struct_converter(Filters)(MultiDict((name, value) for name in texts for value in texts[name]))

    assert result == Filters(text, page, tags, set(), since, None, in_stock)
