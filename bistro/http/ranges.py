"""Parts of a representation: the `Range` header, and the body that answers several ranges at once.

Everything is bounded before it is looked at: what is too much, malformed or in another unit is
ignored, as RFC 9110 §14.2 allows, and the whole is sent (CVE-2025-62727).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bistro.http.errors import RangeNotSatisfiable
from bistro.http.headers import check_header


def parse_range(value: str, size: int, *, count_max: int = 10) -> list[tuple[int, int]] | None:
    """The ranges to send of `size` bytes as (start, stop), stop excluded; None to send the whole.

    In the order asked for, unless some overlap: then joined and in the file's order, so that nobody
    gets more bytes than there are. Raises `RangeNotSatisfiable` if no range touches the content.
    """
    unit, equals, text = value.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes" or text.count(",") >= count_max:
        return None
    # Nothing can be sent in part of nothing: Content-Range has no form for an empty range.
    if size == 0:
        return None
    asked = [_read_range(spec.strip(" \t"), size) for spec in text.split(",")]
    ranges = [each for each in asked if each is not None]
    if len(ranges) < len(asked):
        return None
    satisfiable = [(start, stop) for start, stop in ranges if start < stop]
    if not satisfiable:
        raise RangeNotSatisfiable(
            f"The content has {size} bytes.", headers={"content-range": f"bytes */{size}"}
        )
    return _joined_if_overlapping(satisfiable)


def content_range(start: int, stop: int, size: int) -> str:
    """The `Content-Range` of bytes `start` to `stop`, excluded, out of `size`."""
    return f"bytes {start}-{stop - 1}/{size}"


def byteranges_pieces(
    ranges: Sequence[tuple[int, int]], size: int, content_type: str, boundary: str
) -> Iterator[bytes | slice]:
    """The body of a `multipart/byteranges` answer (RFC 9110 §14.6), piece by piece.

    Bytes are to be sent as they are; a slice stands for those bytes of the content, so that a file is
    read where it is sent. `boundary` must not occur in the content: take `secrets.token_hex(16)`.
    """
    check_header("content-type", content_type)
    for start, stop in ranges:
        yield (
            f"\r\n--{boundary}\r\n"
            f"content-type: {content_type}\r\n"
            f"content-range: {content_range(start, stop, size)}\r\n\r\n"
        ).encode("latin-1")
        yield slice(start, stop)
    yield f"\r\n--{boundary}--\r\n".encode("latin-1")


def byteranges_length(ranges: Sequence[tuple[int, int]], size: int, content_type: str, boundary: str) -> int:
    """How many bytes the body from `byteranges_pieces` has, for `Content-Length`."""
    pieces = byteranges_pieces(ranges, size, content_type, boundary)
    return sum(piece.stop - piece.start if isinstance(piece, slice) else len(piece) for piece in pieces)


def _read_range(spec: str, size: int) -> tuple[int, int] | None:
    """Start and stop inside `size`, start = stop for one that is valid but outside; None if malformed."""
    match = _RANGE.fullmatch(spec)
    if match is None or (not match["first"] and not match["last"]):
        return None
    if not match["first"]:
        # The last so many bytes.
        return max(0, size - _number(match["last"])), size
    first = _number(match["first"])
    last = _number(match["last"]) if match["last"] else _HUGE
    # RFC 9110 §14.1.1: a range whose last is before its first is invalid.
    return None if last < first else (min(first, size), min(last + 1, size))


def _number(digits: str) -> int:
    # int() refuses more than 4,300 digits and is quadratic before; no content has that many bytes.
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) < len(str(_HUGE)) else _HUGE


def _joined_if_overlapping(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    overlaps = False
    for start, stop in sorted(ranges):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            overlaps = True
        else:
            joined.append((start, stop))
    return joined if overlaps else ranges


_HUGE: Final = 2**63
_RANGE: Final = re.compile(r"(?P<first>[0-9]*)-(?P<last>[0-9]*)")
