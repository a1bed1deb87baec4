"""Searches for a text that the row itself has find what Python finds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from bistro.db import Database, Field, Model, Predicate, auto, create_tables

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "ba",
    "aba",
    "a%",
    "%",
    "_",
    "a_b",
    "\\",
    "*",
    "[a]",
    "[",
    "?",
    "é",
    "éa",
    "a'b",
]


class Pair(Model):
    id: Field[int] = auto()
    text: Field[str]
    part: Field[str]


# Each condition, and what it says in Python.
SEARCHES: dict[str, tuple[Predicate, Callable[[str, str], bool]]] = {
    "contains": (Pair.text.contains(Pair.part), lambda text, part: part in text),
    "startswith": (Pair.text.startswith(Pair.part), str.startswith),
    "endswith": (Pair.text.endswith(Pair.part), str.endswith),
}


async def fill() -> set[tuple[str, str]]:
    await create_tables(Pair)
    pairs = list(product(TEXTS, TEXTS))
    await Pair.objects.bulk_create([Pair(text=text, part=part) for text, part in pairs])
    return set(pairs)


@pytest.mark.parametrize("name", SEARCHES)
async def test_search_for_a_text_of_the_row_finds_what_python_finds(database: Database, name: str) -> None:
    pairs = await fill()
    condition, holds = SEARCHES[name]
    expected = {(text, part) for text, part in pairs if holds(text, part)}
    assert {(each.text, each.part) for each in await Pair.objects.filter(condition)} == expected
    others = await Pair.objects.filter(~condition)
    assert {(each.text, each.part) for each in others} == pairs - expected


VALUES: dict[str, tuple[Callable[[str], Any], Callable[[str, str], bool]]] = {
    "contains": (Pair.text.contains, lambda text, part: part in text),
    "startswith": (Pair.text.startswith, str.startswith),
    "endswith": (Pair.text.endswith, str.endswith),
    "icontains": (Pair.text.icontains, lambda text, part: part.lower() in text.lower()),
    "istartswith": (Pair.text.istartswith, lambda text, part: text.lower().startswith(part.lower())),
    "iendswith": (Pair.text.iendswith, lambda text, part: text.lower().endswith(part.lower())),
    "iexact": (Pair.text.iexact, lambda text, part: text.lower() == part.lower()),
}


@pytest.mark.parametrize("name", VALUES)
async def test_search_for_what_a_client_says_finds_what_python_finds(database: Database, name: str) -> None:
    await fill()
    search, holds = VALUES[name]
    for part in TEXTS:
        found = await Pair.objects.filter(search(part), Pair.part == "")
        assert sorted(each.text for each in found) == sorted(text for text in TEXTS if holds(text, part)), (
            part
        )
