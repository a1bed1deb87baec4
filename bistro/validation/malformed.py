"""Why bytes are no JSON, in one sentence with the byte where it goes wrong."""

from __future__ import annotations

import re
from typing import Final

from bistro.ground.problems import Problem
from bistro.validation.limits import CONTAINERS_MAX, DEPTH_MAX

TOO_DEEP: Final = Problem("", "", f"is nested more than {DEPTH_MAX} levels deep", "too-deep")
TOO_MANY: Final = Problem("", "", f"holds more than {CONTAINERS_MAX:,} lists and objects", "too-many")

_NO_BODY: Final = Problem("", "", "is required: the body is empty", "missing")
_REASON: Final = re.compile(r"JSON is malformed: (.*) \(byte ([0-9]+)\)\Z").fullmatch
# RFC 8259 §8.2: an escape may name the first half of a surrogate pair alone; no text can hold that.
_HALF: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])").search
# How far before the end msgspec takes such a half for a text that is cut short.
_HALF_REACH: Final = 12
# RFC 8259 §8.1: JSON is exchanged in UTF-8, without a byte order mark. Longest first.
_MARKS: Final = (
    (b"\xef\xbb\xbf", "begins with a byte order mark; send UTF-8 without it"),
    (b"\xff\xfe\x00\x00", "must be UTF-8, not UTF-32"),
    (b"\x00\x00\xfe\xff", "must be UTF-8, not UTF-32"),
    (b"\xff\xfe", "must be UTF-8, not UTF-16"),
    (b"\xfe\xff", "must be UTF-8, not UTF-16"),
)


def explain_malformed(data: bytes, error: Exception) -> Problem:
    """The problem of a body that can't be read at all."""
    if not data or data.isspace():
        return _NO_BODY
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if problem := _explain_encoding(data):
        return problem
    return Problem("", "", f"is not valid JSON: {_reason(data, str(error))}", "malformed")


def _explain_encoding(data: bytes) -> Problem | None:
    for mark, message in _MARKS:
        if data.startswith(mark):
            return Problem("", "", message, "encoding")
    if b"\0" in data[:4]:
        # The first two characters of any JSON text are ASCII, so NULs beside them tell the encoding.
        name = "UTF-32" if data[:4].count(0) > 2 else "UTF-16"
        return Problem("", "", f"must be UTF-8, not {name}", "encoding")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return Problem("", "", f"is not valid UTF-8 at byte {error.start}", "encoding")
    return None


def _reason(data: bytes, message: str) -> str:
    told = _REASON(message)
    if told:
        if "surrogate" in told[1]:
            return f"half of a surrogate pair near byte {told[2]}"
        return f"{told[1]} near byte {told[2]}"
    if _HALF(data[-_HALF_REACH:]):
        return f"half of a surrogate pair in the last {_HALF_REACH} bytes"
    return f"it ends too early, after {len(data):,} bytes"
