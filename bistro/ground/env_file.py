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
from typing import NamedTuple

from msgspec import Struct

SIZE_MAX = 1_048_576


class EnvLine(NamedTuple):
    """A value and the line on which its name stands, counted from 1."""

    value: str
    line: int


class EnvFileFault(Struct, frozen=True):
    """A line that is no `NAME=value`."""

    line: int
    message: str


class EnvFile(Struct, frozen=True):
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
    line = 1
    # The pattern matches anything, if need be as a faulty line: nothing is skipped.
    for entry in _ENTRY.finditer(text):
        name, single, double, bare, rest = entry.groups()
        quoted = single if double is None else double
        if rest and not rest.isspace():
            faults.append(EnvFileFault(line, _fault_message(name, rest)))
        elif name is not None:
            value = _bare_value(bare or "") if quoted is None else quoted
            if double is not None and "\\" in double:
                value = _ESCAPE.sub(_unescape, double)
            if "\0" in value:
                faults.append(EnvFileFault(line, f"{name} holds a NUL character"))
            else:
                values[name] = EnvLine(value, line)
        line += 1 if quoted is None else 1 + quoted.count("\n")
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


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _bare_value(text: str) -> str:
    # A `#` begins a comment only after a blank: passwords and colours hold it, too.
    if "#" in text:
        places = [place for place in (text.find(" #"), text.find("\t#")) if place >= 0]
        text = "" if text.startswith("#") else text[: min(places, default=len(text))]
    return text.strip()


def _fault_message(name: str | None, rest: str) -> str:
    # Never the text of the line: it may hold a secret.
    if name is None:
        return "this is not NAME=value" if "=" in rest else "there is no = on this line"
    if rest[0] in "'\"":
        return f"the quote that opens the value of {name} is never closed"
    return f"something stands behind the closing quote of {name}"
