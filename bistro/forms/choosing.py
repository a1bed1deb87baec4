"""The choices of fields that a database, or whatever else, is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from bistro.forms.fields import FormField
from bistro.forms.initial import Level
from bistro.forms.rows import SEARCH

SHOWN_MAX: Final = 100
"""More choices than this are looked for by a text, and only some of them are shown."""
FOUND_MAX: Final = 20
SEARCH_LENGTH_MAX: Final = 100

Few: TypeAlias = Sequence[tuple[str, str]]
Choices: TypeAlias = dict[str, Few]


async def find_choices(fields: Sequence[FormField], level: Level) -> Choices:
    """The choices to show for each field that has a source, by its path.

    Where there are too many to show, `path + "?"` holds the text by which they are looked for.
    """
    return await _find(fields, level, "", {})


async def _find(fields: Sequence[FormField], level: Level, path: str, every: dict[int, Few]) -> Choices:
    found: Choices = {}
    for each in fields:
        at = f"{path}.{each.name}" if path else each.name
        if each.source is not None:
            await _find_for(each, level, at, found, every)
        elif each.kind == "group":
            found |= await _find(each.fields, level.group(each.name), at, every)
        elif each.kind == "rows" and any(inner.source is not None for inner in each.fields):
            for index, row in enumerate(level.rows(each.name)):
                found |= await _find(each.fields, row, f"{at}[{index}]", every)
            # A row that is still empty, for those that the form shows at least.
            found |= await _find(each.fields, _Nothing(), f"{at}[]", every)
    return found


async def _find_for(field: FormField, level: Level, path: str, found: Choices, every: dict[int, Few]) -> None:
    assert field.source is not None
    few = every.get(id(field))
    if few is None:  # asked for once, however many rows have the field
        few = every[id(field)] = await field.source.find_choices("", SHOWN_MAX + 1)
    if len(few) <= SHOWN_MAX:
        found[path] = few
        return
    searched = level.texts(f"{SEARCH}:{field.name}")
    text = searched[0][:SEARCH_LENGTH_MAX] if searched else ""
    chosen = [each for each in level.texts(field.name) if each]
    kept = await field.source.get_choices(chosen) if chosen else ()
    near = await field.source.find_choices(text, FOUND_MAX)
    known = {value for value, _ in kept}
    found[path] = [*kept, *(each for each in near if each[0] not in known)]
    found[f"{path}?"] = [(text, text)]


class _Nothing:
    """A row in which nothing stands."""

    def texts(self, name: str) -> list[str]:
        return []

    def group(self, name: str) -> Level:
        return self

    def rows(self, name: str) -> Sequence[Level]:
        return ()
