"""What JSON may hold here although its grammar allows more: depth, number of parts, size of numbers.

msgspec refuses NaN, Infinity, 1e400, lone surrogates and what isn't UTF-8 by itself. It doesn't stop
nesting before the interpreter's own limit, and it reads integers of up to 4,300 digits and decimals
with any exponent, so these are checked here. How it stays cheap: the bytes are
searched at C speed for what could break a limit, and only where they hold it is the value walked.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import accumulate, count
from math import isfinite

# Any: decoded values are of any type.
from typing import Any, Final

import msgspec

from bistro.validation.paths import key_path

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1
# What a float can hold. Written out as digits, the largest takes 309 bytes (CVE-2019-6975, CVE-2024-41989).
DECIMAL_EXPONENT_MAX: Final = 308
DEPTH_MAX: Final = 64
# Python makes that many in about 30 ms; a body of 2 MiB could hold ten times as many empty ones.
CONTAINERS_MAX: Final = 100_000
SIZE_WITHOUT_CROWD: Final = 2 * CONTAINERS_MAX
# 65 levels take 65 opening and 65 closing brackets, so a shorter body can't be too deep.
SIZE_WITHOUT_DEPTH: Final = 2 * DEPTH_MAX + 1

# From the outside in: the way to a value, and then one step further.
Step = str | int
Trail = tuple["Trail | None", Step]

_NUMBERS: Final = frozenset({int, float, Decimal})
_HARMLESS: Final = frozenset({str, bool, type(None)})

# How many items of a list are looked at together.
_SLICE: Final = 1000

# Maps every digit to `0`, so that "so many digits in a row" is a search for a fixed text.
DIGITS: Final = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_BRACKETS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_OTHERS: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def may_hold_long_number(data: bytes) -> bool:
    """Whether 19 digits may stand in a row; quick, and True more often than it has to be.

    Beyond 64 bits a number has 19 digits or more, and of 19 bytes in a row every sixth is three.
    """
    return b"000" in data[::6].translate(DIGITS) and b"0" * 19 in data.translate(DIGITS)


def is_too_deep(data: bytes) -> bool:
    """Whether arrays and objects are nested more than 64 deep. Linear, and without a loop in Python."""
    if data.count(b"[") + data.count(b"{") <= DEPTH_MAX:
        return False
    # An opening bracket is +1 and a closing one -1, so the running sum is the depth.
    return max(accumulate(memoryview(_structure(data)).cast("b"), initial=0)) > DEPTH_MAX


def is_crowded(data: bytes) -> bool:
    """Whether there are more than 100,000 arrays and objects, which would take too long to make."""
    if data.count(b"[") + data.count(b"{") <= CONTAINERS_MAX:
        return False
    return _structure(data).count(1) > CONTAINERS_MAX


def find_excess(value: Any) -> Iterator[str]:
    """The paths of the numbers in `value` that are beyond their limit."""
    if is_excess(value):
        yield ""
    else:
        yield from _find_inside(value, None)


def is_excess(value: Any) -> bool:
    """Whether `value` is a number beyond its limit."""
    kind = type(value)
    if kind is int:
        return not INTEGER_MIN <= value <= INTEGER_MAX
    if kind is float:
        return not isfinite(value)
    return kind is Decimal and not is_modest(value)


def is_modest(value: Decimal) -> bool:
    """Whether `value` is finite, and its exponent and its last digit's exponent are within ±308."""
    if not value.is_finite() or abs(value.adjusted()) > DECIMAL_EXPONENT_MAX:
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= DECIMAL_EXPONENT_MAX


def find_parts(value: Any) -> Iterator[tuple[Any, Step]]:
    """What `value` holds directly, an object's keys included, each with the step that leads to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, str(key)
            yield inner, str(key)
    elif isinstance(value, list | tuple | set | frozenset):
        for index, inner in enumerate(value):
            yield inner, index
    else:
        for name in _field_names(type(value)):
            yield getattr(value, name, None), name


def trail_path(trail: Trail | None) -> str:
    """The path of a trail; made only for what is reported, since most of what is walked is right."""
    steps: list[Step] = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    path = ""
    for step in reversed(steps):
        path = f"{path}[{step}]" if isinstance(step, int) else key_path(path, step)
    return path


def _structure(data: bytes) -> bytes:
    """The brackets outside of strings: 1 for each that opens, 255 for each that closes."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Only brackets and quotes are kept; then a string without brackets is a pair of quotes, and goes.
    marks = data.translate(_BRACKETS, _OTHERS).replace(b'""', b"")
    return b"".join(marks.split(b'"')[::2]) if b'"' in marks else marks


def _find_inside(value: Any, trail: Trail | None) -> Iterator[str]:
    if type(value) is list:
        for start in range(0, len(value), _SLICE):
            items = value[start : start + _SLICE]
            if not _are_plainly_modest(items):
                yield from _find_among(zip(items, count(start), strict=False), trail)
    elif type(value) is not dict or not (
        _are_plainly_modest(list(value)) and _are_plainly_modest(list(value.values()))
    ):
        yield from _find_among(find_parts(value), trail)


def _find_among(parts: Iterable[tuple[Any, Step]], trail: Trail | None) -> Iterator[str]:
    for inner, step in parts:
        kind = type(inner)
        if kind in _NUMBERS:
            if is_excess(inner):
                yield trail_path((trail, step))
        elif kind not in _HARMLESS:
            yield from _find_inside(inner, (trail, step))


def _are_plainly_modest(values: list[Any]) -> bool:
    """A quick yes for many values without numbers, or of 64-bit integers only: no loop in Python."""
    if _HARMLESS.issuperset(map(type, values)):
        return True
    try:
        array("q", values)
    except (TypeError, OverflowError):
        return False
    return True


def _field_names(kind: type) -> Iterable[str]:
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    # attrs isn't imported for this: its classes list their fields themselves.
    return [field.name for field in getattr(kind, "__attrs_attrs__", ())]
