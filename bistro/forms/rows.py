"""Buttons of a form that change its rows, also without JavaScript: add, remove, up, down, search.

How it works: such a button is an ordinary one that sends the form, with the name `_action` and what
to do as its value: `add:lines`, `remove:lines[2]`. The handler is not called; the page is shown
again with everything that was filled in, and with one row more or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bistro.forms.fields import FormField
from bistro.forms.sent import BAD, DEPTH_MAX, SentTree, split_step

ACTION: Final = "_action"
STEP: Final = "_step"
SEARCH: Final = "_search"
ROWS_MAX: Final = 200
"""Rows of one list that buttons can make; a form has at most 1,000 fields anyway."""


def drop_surplus(fields: Sequence[FormField], tree: SentTree) -> None:
    """Forget all rows beyond the first that is too many: they would be read and shown for nothing."""
    for field in fields:
        if field.kind == "group":
            drop_surplus(field.fields, tree.group(field.name))
        elif field.kind == "rows":
            most = field.rows_max
            if most is not None and len(tree.all_rows(field.name)) > most + 1:
                tree.set_rows(field.name, tree.filled_rows(field.name)[: most + 1])
            for row in tree.all_rows(field.name):
                drop_surplus(field.fields, row)


class Action(Struct, frozen=True):
    """What a button asks for, and where in the form."""

    verb: str
    path: str


def find_action(texts: Sequence[str]) -> Action | None:
    """What the button that sent the form asks for; None where it is the one that sends it for good."""
    verb, colon, path = texts[0].partition(":") if texts else ("", "", "")
    if verb in _ROW_VERBS or verb in ("back", "search", "next"):
        return Action(verb, path if colon else "")
    return None


def change_rows(fields: Sequence[FormField], tree: SentTree, action: Action) -> str | None:
    """Add, remove or move a row; gives the path of the row to go on with, None where it can't be done."""
    outer, _, last = action.path.rpartition(".")
    steps = outer.split(".", DEPTH_MAX) if outer else []
    name, index = split_step(last)
    # The field first: a path that leads to none must not make levels of the tree, however long it is.
    field = _find_field(fields, steps, name)
    if field is None or index is BAD:
        return None
    level = tree.sub_tree(outer) if outer else tree
    if level is None:
        return None
    rows = level.all_rows(name)
    position = _ROW_VERBS[action.verb](rows, index, min(field.rows_max or ROWS_MAX, ROWS_MAX))
    if position is None:
        return None
    level.set_rows(name, rows)
    return f"{outer}.{name}[{position}]" if outer else f"{name}[{position}]"


def _find_field(fields: Sequence[FormField], steps: Sequence[str], name: str) -> FormField | None:
    for step in steps:
        own, _ = split_step(step)
        inner = next((each for each in fields if each.name == own), None)
        fields = inner.fields if inner else ()
    return next((each for each in fields if each.name == name and each.kind == "rows"), None)


# Each gives the place of the row to go on with, None where it can't be done.
def _add(rows: list[SentTree], index: int | None, rows_max: int) -> int | None:
    if index is not None or len(rows) >= rows_max:
        return None
    rows.append(SentTree())
    return len(rows) - 1


def _remove(rows: list[SentTree], index: int | None, _: int) -> int | None:
    if index is None or index >= len(rows):
        return None
    del rows[index]
    return max(0, index - 1)


def _up(rows: list[SentTree], index: int | None, _: int) -> int | None:
    if index is None or not 0 < index < len(rows):
        return None
    rows[index - 1], rows[index] = rows[index], rows[index - 1]
    return index - 1


def _down(rows: list[SentTree], index: int | None, _: int) -> int | None:
    if index is None or index >= len(rows) - 1:
        return None
    rows[index + 1], rows[index] = rows[index], rows[index + 1]
    return index + 1


_ROW_VERBS: Final = {"add": _add, "remove": _remove, "up": _up, "down": _down}
