"""One text, one value: the readers for path, query, header, cookie and form text.

Each is a plain function that returns the value or raises ValidationFailed with one problem whose
place and path the caller fills in. Texts are short: what isn't within `TEXT_LENGTH_MAX` characters
is refused before it is looked at, so no reader's time depends on what a client sends.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Final
from uuid import UUID

import msgspec

from bistro.validation.errors import failure
from bistro.validation.limits import DECIMAL_EXPONENT_MAX, INTEGER_MAX, INTEGER_MIN

TEXT_LENGTH_MAX: Final = 64

# ASCII only, no blanks, no underscores, no `+`, no nan, no inf: much less than float() and Decimal() take.
# `.5` is in, because the HTML standard allows it for <input type=number>.
_NUMBER: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?").fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:[0-5][0-9])?"
# Seconds may be left out: <input type=time> and <input type=datetime-local> send none when they are zero.
_TIME: Final = re.compile(_CLOCK).fullmatch
_DATETIME: Final = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]{_CLOCK}").fullmatch

# `on` is what a ticked checkbox without a value sends (HTML standard §4.10.5.1.15).
_BOOLS: Final = {
    "true": True, "1": True, "on": True, "yes": True,
    "false": False, "0": False, "off": False, "no": False,
}  # fmt: skip


def read_int(text: str) -> int:
    """A signed 64-bit whole number in ASCII digits, a minus sign the only thing allowed before them."""
    # 18 characters always fit into 64 bits; longer texts and mistakes go the slow way.
    if len(text) < 19 and text.isascii() and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())):
        return int(text)
    return _read_long_int(text)


def read_float(text: str) -> float:
    """A finite number; `nan`, `inf` and what overflows to infinity are refused."""
    if len(text) > TEXT_LENGTH_MAX or not _NUMBER(text):
        raise failure("must be a number", "type")
    value = float(text)
    if not isfinite(value):
        raise failure("is out of range", "out-of-range")
    return value


def read_decimal(text: str) -> Decimal:
    """A finite decimal number whose exponent is within ±308."""
    if len(text) > TEXT_LENGTH_MAX or not _NUMBER(text):
        raise failure("must be a decimal number", "type")
    value = Decimal(text)
    if abs(value.adjusted()) > DECIMAL_EXPONENT_MAX:
        raise failure("is out of range", "out-of-range")
    return value


def read_bool(text: str) -> bool:
    """`true`, `1`, `on`, `yes`, or `false`, `0`, `off`, `no`; capitals don't matter."""
    value = _BOOLS.get(text)
    if value is None and len(text) <= 5:
        value = _BOOLS.get(text.lower())
    if value is None:
        raise failure("must be true or false", "type")
    return value


def read_date(text: str) -> date:
    """A day as `YYYY-MM-DD` (RFC 3339 full-date)."""
    if _DATE(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise failure("must be a date (YYYY-MM-DD)", "format")


def read_time(text: str) -> time:
    """A time of day; aware where the text ends in `Z` or an offset, naive otherwise."""
    if _TIME(text):
        try:
            return time.fromisoformat(text.upper())
        except ValueError:
            pass
    raise failure("must be a time (HH:MM:SS)", "format")


def read_datetime(text: str) -> datetime:
    """A moment; aware where the text ends in `Z` or an offset, naive otherwise."""
    if _DATETIME(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
    raise failure("must be a date and time (YYYY-MM-DDTHH:MM:SS)", "format")


def read_timedelta(text: str) -> timedelta:
    """A duration as ISO 8601 writes it, without years and months: `PT1H30M`, `-P3D`."""
    if len(text) <= TEXT_LENGTH_MAX:
        try:
            return msgspec.convert(text, timedelta)
        except msgspec.ValidationError:
            pass
    raise failure("must be a duration (ISO 8601, such as PT1H30M)", "format")


def read_uuid(text: str) -> UUID:
    """A UUID in hexadecimal, with its four hyphens or without any."""
    if len(text) <= TEXT_LENGTH_MAX:
        try:
            return msgspec.convert(text, UUID)
        except msgspec.ValidationError:
            pass
    raise failure("must be a UUID", "format")


def _read_long_int(text: str) -> int:
    digits = text[1:] if text[:1] == "-" else text
    if not (digits.isdigit() and digits.isascii()):
        raise failure("must be a whole number", "type")
    # 19 digits at most: int() is quadratic in the number of digits (CVE-2020-10735).
    if len(digits) < 20 and INTEGER_MIN <= (value := int(text)) <= INTEGER_MAX:
        return value
    raise failure("is out of range: a whole number has at most 64 bits", "out-of-range")
