"""What a parameter of a path may look like, and which Python value it becomes.

A converter turns the decoded text of one segment into a value (`find`) and back (`format`);
`find(format(value)) == value` holds for every value that `format` accepts. `find` never raises:
text that doesn't fit is `NO_MATCH`, so a wrong URL is a 404 and never a 500.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from bistro.routing.regex import TEXT_LENGTH_MAX, compile_regex

Value = TypeVar("Value")


class NoMatch(Enum):
    """The kind of `NO_MATCH`, so that type checkers can tell it from a value."""

    NO_MATCH = "no match"


NO_MATCH: Final = NoMatch.NO_MATCH


class Converter(Protocol):
    """How one kind of parameter is read from a path and written into one.

    Where several routes fit a URL and differ only in their converters, the lower `rank` wins:
    10 own and regex, 20 uuid, 21 date, 22 int, 30 slug, 40 str, 50 path.
    """

    @property
    def name(self) -> str:
        """What stands behind the colon in a pattern."""
        ...

    @property
    def python_type(self) -> type:
        """The type of the values that `find` gives."""
        ...

    @property
    def rank(self) -> int:
        """Lower is more specific."""
        ...

    # Any: a value may be of any type; `python_type` tells which.
    def find(self, text: str) -> Any | NoMatch:
        """The value that `text` (one decoded segment, never empty) stands for, or `NO_MATCH`."""
        ...

    # Any: each converter says what it takes, and refuses the rest.
    def format(self, value: Any) -> str:
        """The text that `find` reads back as `value`; raise ValueError or TypeError if there is none."""
        ...


# A factory gets what stands in parentheses: `{year:regex([0-9]{4})}` calls it with `[0-9]{4}`.
ConverterEntry: TypeAlias = Converter | Callable[[str], Converter]


class StrConverter(Struct, frozen=True):
    """Any text that stands in one segment; a slash in it travels as `%2F`."""

    name: str = "str"
    python_type: type = str
    rank: int = 40

    def find(self, text: str) -> str | NoMatch:
        return text if _is_plain_segment(text) else NO_MATCH

    def format(self, value: object) -> str:
        """Also takes int, UUID and date, written as text: `{id}` without converter is common."""
        if isinstance(value, (int, UUID, date)) and not isinstance(value, (bool, datetime)):
            value = str(value)
        return _checked_text(self, value)


class IntConverter(Struct, frozen=True):
    """A signed 64-bit whole number in plain ASCII digits; anything longer doesn't match.

    The limit is the one of every integer from a client (security.md §2), and keeps clear of the
    quadratic time of `int()` for thousands of digits (CVE-2020-10735).
    """

    name: str = "int"
    python_type: type = int
    rank: int = 22

    def find(self, text: str) -> int | NoMatch:
        digits = text[1:] if text[:1] == "-" else text
        if len(digits) > 19 or not (digits.isascii() and digits.isdigit()):
            return NO_MATCH
        number = int(text)
        return number if INT_MIN <= number <= INT_MAX else NO_MATCH

    def format(self, value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{value!r} is not an int")
        if not INT_MIN <= value <= INT_MAX:
            raise ValueError("the number is beyond 64 bits")
        return str(int(value))


class SlugConverter(Struct, frozen=True):
    """ASCII letters, digits, `-` and `_`."""

    name: str = "slug"
    python_type: type = str
    rank: int = 30

    def find(self, text: str) -> str | NoMatch:
        return text if SLUG.fullmatch(text) else NO_MATCH

    def format(self, value: object) -> str:
        return _checked_text(self, value)


class DateConverter(Struct, frozen=True):
    """A calendar date as RFC 3339 §5.6 `full-date` writes it: 2026-11-30."""

    name: str = "date"
    python_type: type = date
    rank: int = 21

    def find(self, text: str) -> date | NoMatch:
        # fromisoformat alone also reads 20261130 and 2026-W48-1: two URLs for one page.
        if not FULL_DATE.fullmatch(text):
            return NO_MATCH
        try:
            return date.fromisoformat(text)
        except ValueError:
            return NO_MATCH

    def format(self, value: object) -> str:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise TypeError(f"{value!r} is not a date")
        return value.isoformat()


class UuidConverter(Struct, frozen=True):
    """A UUID in its 8-4-4-4-12 form (RFC 9562 §4), read in either case, written in lower case."""

    name: str = "uuid"
    python_type: type = UUID
    rank: int = 20

    def find(self, text: str) -> UUID | NoMatch:
        return UUID(text) if UUID_TEXT.fullmatch(text) else NO_MATCH

    def format(self, value: object) -> str:
        if not isinstance(value, UUID):
            raise TypeError(f"{value!r} is not a UUID")
        return str(value)


class PathConverter(Struct, frozen=True):
    """The rest of the path with its slashes; only at the end of a pattern.

    Never begins with a slash and never holds NUL or a `.` or `..` segment, so that joining it to a
    folder stays inside in the plain cases; what serves files still has to check what it resolves to.
    """

    name: str = "path"
    python_type: type = str
    rank: int = 50

    def find(self, text: str) -> str | NoMatch:
        if not text or text[0] == "/" or "\0" in text:
            return NO_MATCH
        if "." in text and not {".", ".."}.isdisjoint(text.split("/")):
            return NO_MATCH
        return text

    def find_rest(self, segments: list[str], start: int) -> str | NoMatch:
        """The value of `segments[start:]`; a slash that came as `%2F` is not let through as one."""
        text = "/".join(segments[start:])
        return self.find(text) if text.count("/") == len(segments) - start - 1 else NO_MATCH

    def format(self, value: object) -> str:
        return _checked_text(self, value)


@dataclass(frozen=True, slots=True)
class RegexConverter:
    """Text that a regular expression matches as a whole: `{year:regex([0-9]{4})}`.

    Raises ValueError for an expression that could be slow, see `bistro/routing/regex.py`.
    """

    regex: str
    name: str = "regex"
    python_type: type = str
    rank: int = 10
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", compile_regex(self.regex))

    def find(self, text: str) -> str | NoMatch:
        # fullmatch, not match with `$`: a trailing newline must not pass (CVE-2021-44420).
        if len(text) > TEXT_LENGTH_MAX or not _is_plain_segment(text):
            return NO_MATCH
        return text if self._compiled.fullmatch(text) else NO_MATCH

    def format(self, value: object) -> str:
        return _checked_text(self, value)


class TextConverter(Struct, Generic[Value], frozen=True):
    """A converter of your own from two functions; `parse` raises ValueError for text that doesn't fit.

    hexadecimal = TextConverter("hex", int, parse=lambda text: int(text, 16), write=hex)
    """

    name: str
    python_type: type[Value]
    parse: Callable[[str], Value]
    write: Callable[[Value], str] = str
    rank: int = 10
    length_max: int = 255

    def find(self, text: str) -> Value | NoMatch:
        """What `parse` makes of `text`, or `NO_MATCH` if it refuses it or `text` is too long."""
        if len(text) > self.length_max or not _is_plain_segment(text):
            return NO_MATCH
        try:
            return self.parse(text)
        except (ValueError, ArithmeticError):
            return NO_MATCH

    def format(self, value: Value) -> str:
        """What `write` makes of `value`; raise ValueError if `parse` would not read that back."""
        if not isinstance(value, self.python_type):
            raise TypeError(f"{value!r} is not of type {self.python_type.__name__}")
        text = self.write(value)
        if self.find(text) != value:
            raise ValueError(f"{text!r} would not be read back as {value!r}")
        return text


INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")
FULL_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UUID_TEXT: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

BUILT_IN_CONVERTERS: Final[Mapping[str, ConverterEntry]] = MappingProxyType(
    {
        "str": StrConverter(),
        "int": IntConverter(),
        "slug": SlugConverter(),
        "date": DateConverter(),
        "uuid": UuidConverter(),
        "path": PathConverter(),
        "regex": RegexConverter,
    }
)


def _is_plain_segment(text: str) -> bool:
    # Clients take `.` and `..` out of a path before they send it (RFC 3986 §5.2.4).
    return bool(text) and text != "." and text != ".." and "\0" not in text


def _checked_text(converter: Converter, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a str")
    text = str(value)
    if converter.find(text) is NO_MATCH:
        raise ValueError(f"{text!r} does not fit {{{converter.name}}}")
    text.encode()  # UnicodeEncodeError is a ValueError: lone surrogates have no UTF-8 form
    return text
