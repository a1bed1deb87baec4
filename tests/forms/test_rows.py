"""The buttons of rows, against a list that does the same."""

from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import Meta, Struct

from bistro.forms.fields import find_fields
from bistro.forms.rows import ROWS_MAX, Action, change_rows, drop_surplus, find_action
from bistro.forms.sent import SentTree
from bistro.ground import MultiDict
from bistro.http import FormData


class Line(Struct):
    text: str = ""


class Part(Struct, frozen=True):
    lines: Annotated[list[Line], Meta(max_length=4)] = []


class Order(Struct):
    lines: Annotated[list[Line], Meta(max_length=4)] = []
    parts: list[Part] = []
    head: Part = Part()
    note: str = ""


FIELDS = find_fields(Order)


def tree_of(path: str, texts: list[str]) -> SentTree:
    pairs = [(f"{path}[{number}].text", text) for number, text in enumerate(texts)]
    return SentTree.of(FormData(MultiDict(pairs)))


def texts_at(tree: SentTree, path: str) -> list[str]:
    outer, _, name = path.rpartition(".")
    level = tree.sub_tree(outer) if outer else tree
    assert level is not None
    return ["".join(row.texts("text")) for row in level.all_rows(name)]


def do(rows: list[str], verb: str, index: int | None, most: int) -> int | None:
    """What a button does to a list: the place to go on at, None where it does nothing."""
    if verb == "add":
        if index is not None or len(rows) >= most:
            return None
        rows.append("")
        return len(rows) - 1
    if index is None or index >= len(rows):
        return None
    if verb == "remove":
        rows.pop(index)
        return index - 1 if index else 0
    other = index - 1 if verb == "up" else index + 1
    if not 0 <= other < len(rows):
        return None
    rows.insert(other, rows.pop(index))
    return other


ACTS = [(verb, index) for verb in ("add", "remove", "up", "down") for index in (None, 0, 1, 2, 3, 4, 9)]


def press(path: str, texts: list[str], *acts: tuple[str, int | None]) -> None:
    tree, rows = tree_of(path, texts), list(texts)
    for verb, index in acts:
        at = "" if index is None else f"[{index}]"
        place = do(rows, verb, index, 4)
        found = change_rows(FIELDS, tree, Action(verb, path + at))
        assert found == (None if place is None else f"{path}[{place}]"), (acts, texts)
        assert texts_at(tree, path) == rows, (acts, texts)


@pytest.mark.parametrize("path", ["lines", "head.lines", "parts[0].lines"])
def test_rows_are_added_removed_and_moved_as_in_a_list(path: str) -> None:
    for count in range(1, 5):
        for act in ACTS:
            press(path, list("abcd"[:count]), act)


def test_each_button_finds_the_rows_as_the_one_before_has_left_them() -> None:
    for first in ACTS:
        for second in ACTS:
            press("lines", list("abc"), first, second)


@pytest.mark.parametrize(
    "path",
    [
        "", "note", "text", "head", "missing", "missing.lines", "lines.text", "lines[0].text", "parts[9].lines",
        "parts[x].lines", "lines[", "lines[-1]", "lines[0]x", "parts[0].lines.lines", "head.lines[9]",
        ".".join(["head"] * 50), "[0]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["remove", "up", "down"])
def test_button_with_a_path_that_leads_to_no_row_does_nothing(verb: str, path: str) -> None:
    tree = tree_of("lines", ["a", "b"])
    assert change_rows(FIELDS, tree, Action(verb, path)) is None
    assert texts_at(tree, "lines") == ["a", "b"]


def test_list_without_a_limit_of_its_own_has_that_of_all() -> None:
    tree = SentTree()
    added = [change_rows(FIELDS, tree, Action("add", "parts")) for _ in range(ROWS_MAX + 1)]
    assert added == [*(f"parts[{number}]" for number in range(ROWS_MAX)), None]


@pytest.mark.parametrize(("count", "kept"), [(3, 3), (4, 4), (5, 5), (6, 5), (40, 5)])
def test_rows_beyond_the_first_that_is_too_many_are_forgotten(count: int, kept: int) -> None:
    """The first of them stays, so that the form says what is wrong."""
    texts = [str(number) for number in range(count)]
    for path in ("lines", "head.lines", "parts[0].lines"):
        tree = tree_of(path, texts)
        drop_surplus(FIELDS, tree)
        assert texts_at(tree, path) == texts[:kept]


@pytest.mark.parametrize(
    ("texts", "action"),
    [
        ([], None),
        (["save"], None),
        (["addx:lines"], None),
        (["add:lines"], Action("add", "lines")),
        (["remove:lines[1]", "add:x"], Action("remove", "lines[1]")),
        (["next"], Action("next", "")),
        (["back:address"], Action("back", "address")),
        (["search:a:b"], Action("search", "a:b")),
    ],
)
def test_button_says_what_to_do_and_where(texts: list[str], action: Action | None) -> None:
    assert find_action(texts) == action
