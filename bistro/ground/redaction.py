"""Passwords, tokens, cookies and the like, masked before anything is logged or shown.

Values are masked by the *name* they stand under, at any depth; texts by what stands before a
`=` or `:` in them. Both are bounded and linear: what is logged may come from a client.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import islice

# Any: what is logged may be anything; what comes out is plain data, as msgspec's to_builtins gives.
from typing import Any, cast
from uuid import UUID

import msgspec

from bistro.ground.secret import MASK, Secret, is_sensitive_name
from bistro.ground.text import escape_control_characters

TEXT_LENGTH_MAX = 8_192
DEPTH_MAX = 8
ITEMS_MAX = 1_000

CUT = "…"

_NAME_LENGTH_MAX = 256


def redact(value: object) -> Any:
    """`value` as plain data that is fit for a log line: secrets masked, control characters escaped.

    The result holds only dicts with text keys, lists, text, numbers, booleans and None, so that it
    can always be encoded. At most 8 levels, 1,000 items and 8,192 characters a text; `…` stands
    for what is left out. Never raises, whatever `value` does.
    """
    return _Redaction().plain(value, 0)


def redact_text(text: str) -> str:
    """`text` with what follows `password=`, `Authorization:`, `Bearer` and the like masked.

    >>> redact_text("login failed: password=hunter2 for ada")
    'login failed: password=*** for ada'
    """
    # Most texts hold none of the words; looking for these costs a tenth of the full pattern.
    if _SENSITIVE_WORD.search(text.lower()) is None:
        return text
    return _sensitive_text().sub(_mask_match, text)


_SENSITIVE_WORD = re.compile(
    "://|bearer|authori|cookie|pass|pwd|secret|token|api|private|credential|session|csrf|xsrf|credit|card|cv[vc]"
)

# Every repetition is bounded or ends where the next part can't begin, and gives nothing back (`+`
# behind it, Python 3.11), so that no text costs more than linear time. Alternatives in order: the
# password of a URL; the token after a scheme's name; a header with all that it holds; a name, `=`
# or `:`, and a value, quoted or not.
_SENSITIVE_TEXT = r"""
    (?P<url>://[^\s/:@]{0,256}:)[^\s/?#]{1,1024}(?=@)
  | (?P<scheme>\bbearer[ \t]{1,8})[\w\-.~+/=]+
  | (?P<header>authori[sz]ation\\?["']?[ \t]{0,8}+[:=][ \t]{0,8}+\\?["']?(?:(?!digest)\w{1,32}[ \t]{1,8})?)
        (?:digest[ \t][^\r\n]*|[^\s,;"'\\]+)
  | (?P<cookie>cookie\\?["']?[ \t]{0,8}+[:=][ \t]{0,8}+\\?["']?)[^\s;"'\\]+(?:;[ \t]{0,8}+[^\s;"'\\]+)*
  | (?P<name>(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_\- ]?key|private[_\- ]?key|credential|session
        |[cx]srf|credit|card[_\- ]?number|cv[vc])[\w\-]{0,64}+\\?["']?[ \t]{0,8}+[=:][ \t]{0,8}+)
        (?:b?"(?:[^"\\]++|\\.)*+"|b?'(?:[^'\\]++|\\.)*+'|[^\s,;&)\]}]+)
"""


@lru_cache(maxsize=1)
def _sensitive_text() -> re.Pattern[str]:
    # Compiled late: it takes longer than the rest of this module, and few processes ever need it.
    return re.compile(_SENSITIVE_TEXT, re.IGNORECASE | re.VERBOSE)


def _mask_match(match: re.Match[str]) -> str:
    kept = match[match.lastgroup or 0]
    return f"{kept}{MASK}"


def redact_arguments(arguments: object) -> object:
    """The arguments of a `%` message (a tuple or a mapping), each as `redact_argument` gives it."""
    if isinstance(arguments, Mapping):
        return {
            key: MASK if isinstance(key, str) and is_sensitive_name(key) else redact_argument(value)
            for key, value in islice(arguments.items(), ITEMS_MAX)
        }
    if isinstance(arguments, tuple):
        return tuple(redact_argument(item) for item in arguments)
    return arguments


def redact_argument(value: object) -> object:
    """`value`, redacted where it is a collection.

    Numbers and texts stay as they are, so that `%d` and `%.3f` keep working; texts are masked when
    the whole message is (`redact_text`).
    """
    return redact(value) if isinstance(value, Mapping | list | tuple | set | frozenset) else value


class _Redaction:
    """One walk through a value, counting its items."""

    __slots__ = ("items_left",)

    def __init__(self) -> None:
        self.items_left = ITEMS_MAX

    def plain(self, value: object, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return clean_text(cast("str", value))
        if kind is bool or value is None:
            return value
        if kind is int or kind is float:
            return _plain_number(cast("int | float", value))
        try:
            return self._plain_other(value, depth)
        except Exception:  # noqa: BLE001 - somebody's __repr__, property or iterator may fail
            return f"<{type(value).__qualname__}>"

    def _plain_other(self, value: object, depth: int) -> Any:
        if type(value) is dict and depth < DEPTH_MAX:
            return self._plain_mapping(value.items(), depth)
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, str):
            return clean_text(str(value))
        if isinstance(value, int | float):
            return _plain_number(value)
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, Enum):
            return self.plain(value.value, depth)
        if isinstance(value, UUID | Decimal | timedelta):
            return str(value)
        if depth >= DEPTH_MAX:
            return CUT
        if isinstance(value, Mapping):
            return self._plain_mapping(value.items(), depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._plain_list(value, depth)
        if isinstance(value, msgspec.Struct):
            names = type(value).__struct_fields__
            return self._plain_mapping(((name, getattr(value, name)) for name in names), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = tuple(field.name for field in dataclasses.fields(value))
            return self._plain_mapping(((name, getattr(value, name)) for name in names), depth)
        return clean_text(repr(value[:TEXT_LENGTH_MAX] if isinstance(value, bytes | bytearray) else value))

    def _plain_mapping(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, value in items:
            if self._used_up():
                plain[CUT] = CUT
                break
            name = key if type(key) is str else str(self.plain(key, DEPTH_MAX))
            masked = is_sensitive_name(name)
            if not name.isprintable():
                name = escape_control_characters(name)
            plain[name[:_NAME_LENGTH_MAX]] = MASK if masked else self.plain(value, depth + 1)
        return plain

    def _plain_list(self, items: Iterable[Any], depth: int) -> list[Any]:
        plain: list[Any] = []
        for item in items:
            if self._used_up():
                plain.append(CUT)
                break
            plain.append(self.plain(item, depth + 1))
        return plain

    def _used_up(self) -> bool:
        self.items_left -= 1
        return self.items_left < 0


def clean_text(text: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """`text` masked, on one line, and cut at `length_max` characters."""
    if len(text) > length_max:
        text = f"{text[:length_max]}{CUT} ({len(text) - length_max} characters more)"
    return escape_control_characters(redact_text(text))


def _plain_number(number: int | float) -> int | float | str:
    if isinstance(number, float):
        # JSON has neither NaN nor infinity (RFC 8259 §6).
        return float(number) if math.isfinite(number) else str(float(number))
    # hex is linear in the size of the number, decimal digits are not (CVE-2020-10735).
    return int(number) if number.bit_length() < 64 else clean_text(hex(number))
