"""SQL of a migration taken apart: statements, without comments and the contents of literals.

It is for looking at words, not for running, and reads them as PostgreSQL does: comments stand in
comments, and a backslash in E'…' takes the quote behind it for a letter. Each character is visited once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# A comment, a text (also E'…' and $tag$…$tag$), a quoted name, a semicolon.
_TOKEN: Final = re.compile(r"--[^\n]*|/\*|\b[eE]'|'|\"|\$(?:[A-Za-z_]\w*)?\$|;")
_COMMENT: Final = re.compile(r"/\*|\*/")
_ESCAPED_TEXT: Final = re.compile(r"(?:[^'\\]|\\.|'')*+'", re.DOTALL)
_PARTING: Final = re.compile(r"[\s,()]")
_ALTER: Final = re.compile(r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?([\w.\"]+) ?\*? ")


def split_statements(sql: str) -> list[str]:
    """The statements in capitals, with one space between words; literals are empty, comments gone.

    Quoted names are one word: what would part it is an underscore.
    """
    return [words for words in (" ".join(part.split()).upper() for part in _parts(sql)) if words]


def split_actions(statement: str) -> list[str]:
    """An ALTER TABLE with several actions as several with one; any other statement as it is."""
    match = _ALTER.match(statement)
    if match is None:
        return [statement]
    return [f"ALTER TABLE {match[1]} {action.strip()}" for action in _split_commas(statement[match.end() :])]


def as_word(name: str) -> str:
    """A name without what would part it into several words."""
    return _PARTING.sub("_", name)


def _parts(sql: str) -> Iterator[str]:
    kept: list[str] = []
    place = 0
    while (match := _TOKEN.search(sql, place)) is not None:
        kept.append(sql[place : match.start()])
        mark = match[0]
        place = match.end()
        if mark == ";":
            yield "".join(kept)
            kept = []
        elif mark.startswith("--"):
            kept.append(" ")
        elif mark == "/*":
            place = _end_of_comment(sql, place)
            kept.append(" ")
        elif mark == '"':
            end = _end_of(sql, '"', place)
            kept.append(as_word(sql[match.start() : end]))
            place = end
        else:
            find_end = _TEXT_ENDS.get(mark.lower())
            place = _end_of(sql, mark, place) if find_end is None else find_end(sql, place)
            kept.append("''")
    kept.append(sql[place:])
    yield "".join(kept)


def _end_of(sql: str, mark: str, place: int) -> int:
    found = sql.find(mark, place)
    return len(sql) if found < 0 else found + len(mark)


def _end_of_comment(sql: str, place: int) -> int:
    depth = 1
    for match in _COMMENT.finditer(sql, place):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(sql)


def _end_of_escaped_text(sql: str, place: int) -> int:
    match = _ESCAPED_TEXT.match(sql, place)
    return len(sql) if match is None else match.end()


def _end_of_text(sql: str, place: int) -> int:
    """Behind the quote that ends a text; two of them are one in it."""
    while True:
        place = _end_of(sql, "'", place)
        if sql[place : place + 1] != "'":
            return place
        place += 1


_TEXT_ENDS: Final = {"'": _end_of_text, "e'": _end_of_escaped_text}


def _split_commas(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
