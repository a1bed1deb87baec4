"""Refuse regular expressions that an attacker's text can hold up.

How it works: Python's matcher tries every way in which a pattern can fit a text before it gives up,
so the time is bounded by the number of those ways. `count_ways` reads the parsed pattern and
multiplies: one way for a letter, one more for each length that a repeat may have, the product for
things in a row. Nested repeats such as `(a+)+` come out astronomically and are refused; written
possessively, `(a+)++`, they are one way, since a possessive group is never entered again.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

TEXT_LENGTH_MAX: Final = 128
"""A segment longer than this never matches a regular expression; bounds the work of each match."""

WAYS_MAX: Final = 20_000
"""About a millisecond of matching in the worst case; `[a-z]+-[a-z]+` has 16,384 ways."""

# Any: the parsed form is the standard library's own; it publishes no types for it.
Parsed = Any


def compile_regex(text: str) -> re.Pattern[str]:
    """Compile `text`; raise ValueError with a reason if it is malformed or could be slow."""
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is not a regular expression: {error}") from None
    if compiled.flags & (re.LOCALE | re.VERBOSE):
        raise ValueError("the flags (?L) and (?x) can't be used here")
    if count_ways(text) > WAYS_MAX:
        raise ValueError(
            "a text made for it could keep the server busy, since one repeat stands inside or beside "
            "another; make the outer repeat possessive, as in [a-z]+(?:-[a-z]+)*+, or use a narrower one, "
            "as in [0-9]{4}"
        )
    return compiled


def count_ways(text: str) -> int:
    """An upper bound of the ways in which `text` can match a segment; not above `WAYS_MAX` + 1."""
    parser = import_module("re._parser")  # not part of re's public face, but stable since 3.11
    return min(_ways_of_sequence(parser.parse(text)), WAYS_MAX + 1)


def _ways_of_sequence(items: Parsed) -> int:
    ways = 1
    for operation, argument in items:
        ways = min(ways * _ways(str(operation), argument), WAYS_MAX + 1)
    return ways


def _ways(operation: str, argument: Parsed) -> int:
    match operation:
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, body = argument
            return _ways_of_repeat(int(least), int(most), _ways_of_sequence(body))
        case "POSSESSIVE_REPEAT":
            return _ways_of_sequence(argument[2])
        case "BRANCH":
            return sum(_ways_of_sequence(branch) for branch in argument[1])
        case "SUBPATTERN":
            return _ways_of_sequence(argument[-1])
        case "ATOMIC_GROUP":
            return _ways_of_sequence(argument)
        case "ASSERT" | "ASSERT_NOT":
            return _ways_of_sequence(argument[1])
        case "GROUPREF_EXISTS":
            return sum(_ways_of_sequence(branch) for branch in argument[1:] if branch is not None)
        case _:
            return 1


def _ways_of_repeat(least: int, most: int, ways_of_body: int) -> int:
    most = min(most, TEXT_LENGTH_MAX)
    least = min(least, most)
    if ways_of_body == 1:
        return most - least + 1
    # Each round chooses anew: ways ** rounds, for each number of rounds. 15 doublings pass the limit.
    return sum(min(ways_of_body, WAYS_MAX) ** min(rounds, 15) for rounds in range(least, most + 1))
