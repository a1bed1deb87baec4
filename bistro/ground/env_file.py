"""Reads `.env` files: one `NAME=value` a line.

    # a comment
    DATABASE_URL=postgres://localhost/shop
    export SECRET_KEY='taken as it is, $ and \\ too'
    GREETING="with \\n, \\t, \\" and \\\\"      # a comment after a value

Values hold no references to other names, run no commands and end with their line; a quoted value
may go over several lines. That is the part on which shells, Docker and other readers agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

SIZE_MAX = 1_048_576


class EnvLine(NamedTuple):
    """A value and the line on which its name stands, counted from 1."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class EnvFileFault:
    """A line that is no `NAME=value`."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a file says: the last value of each name, and every fault."""

    values: dict[str, EnvLine]
    faults: list[EnvFileFault]


def parse_env_file(text: str) -> EnvFile:
    """The values in `text`, and all the lines that could not be read; linear in its length."""
    values: dict[str, EnvLine] = {}
    faults: list[EnvFileFault] = []
    if len(text) > SIZE_MAX:
        return EnvFile({}, [EnvFileFault(1, f"the file has over {SIZE_MAX} characters")])
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    position, line = 0, 1
    while position < len(text):
        entry = _ENTRY.match(text, position)
        # The pattern matches anything, if need be as a faulty line.
        assert entry is not None
        _add_entry(entry, line, values, faults)
        position = entry.end()
        line += entry[0].count("\n")
    return EnvFile(values, faults)


# Each alternative begins with another character, and no two repetitions that follow each other can
# match the same one: there is only one way to read a text, so that no text takes long.
_ENTRY = re.compile(
    r"""
    [ \t]*
    (?:
        (?:export[ \t]+)?
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)
        [ \t]*=[ \t]*
        (?:
            '(?P<single>[^']*)'
          | "(?P<double>(?:[^"\\]++|\\.)*+)"
          | (?P<bare>[^'"\n][^\n]*)?
        )
        [ \t]*(?:\#[^\n]*)?
      | \#[^\n]*
    )?
    (?P<rest>[^\n]*)
    (?:\n|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _add_entry(
    entry: re.Match[str], line: int, values: dict[str, EnvLine], faults: list[EnvFileFault]
) -> None:
    name, rest = entry["name"], entry["rest"]
    if rest.strip():
        faults.append(EnvFileFault(line, _fault_message(name, rest)))
    elif name is not None:
        value = _value_of(entry)
        if "\0" in value:
            faults.append(EnvFileFault(line, f"{name} holds a NUL character"))
        else:
            values[name] = EnvLine(value, line)


def _value_of(entry: re.Match[str]) -> str:
    if entry["single"] is not None:
        return entry["single"]
    if entry["double"] is not None:
        return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), entry["double"])
    return _without_comment(entry["bare"] or "").strip()


def _without_comment(text: str) -> str:
    # A `#` begins a comment only after a blank: passwords and colours hold it, too.
    if text.startswith("#"):
        return ""
    places = [place for place in (text.find(" #"), text.find("\t#")) if place >= 0]
    return text[: min(places)] if places else text


def _fault_message(name: str | None, rest: str) -> str:
    # Never the text of the line: it may hold a secret.
    if name is None:
        return "this is not NAME=value" if "=" in rest else "there is no = on this line"
    if rest[0] in "'\"":
        return f"the quote that opens the value of {name} is never closed"
    return f"something stands behind the closing quote of {name}"
