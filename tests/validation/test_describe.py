"""The words of messages."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from msgspec import Meta, Struct

from bistro.validation import describe_type


class Pair(NamedTuple):
    a: int


class Note(Struct):
    a: int


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (int, "a whole number"),
        (Annotated[int, Meta(ge=1, title="Page")], "a whole number"),
        (float, "a number"),
        (str, "a text"),
        (bool, "true or false"),
        (Decimal, "a decimal number"),
        (date, "a date (YYYY-MM-DD)"),
        (datetime, "a date and time (YYYY-MM-DDTHH:MM:SS)"),
        (enum.Enum("Kind", {"A": "a", "B": "b"}), "one of: a, b"),
        (Literal["a", 1, None], "one of: null, 1, a"),
        (int | None, "a whole number or null"),
        (str | date, "a text or a date (YYYY-MM-DD)"),
        (list[int], "a list"),
        (tuple[int, str], "a list"),
        (Pair, "a list"),
        (dict[str, int], "an object"),
        (Note, "an object"),
        (Any, "any value"),
        (
            Literal[tuple(f"c{index:02}" for index in range(30))],
            "one of: " + ", ".join(f"c{index:02}" for index in range(20)) + ", …",
        ),
    ],
)
def test_type_is_described_in_plain_words(type_: Any, words: str) -> None:
    assert describe_type(type_) == words
