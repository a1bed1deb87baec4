"""Depth, number of parts and size of numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from bistro.validation.limits import (
    CONTAINERS_MAX,
    find_excess,
    is_crowded,
    is_modest,
    is_too_deep,
    may_hold_long_number,
)

NESTED = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[]{}"\\b', max_size=4), inner, max_size=3)
    ),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def wrap(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


@given(NESTED, st.integers(50, 70))
def test_depth_is_counted_exactly_whatever_the_texts_hold(inner: Any, levels: int) -> None:
    value = wrap(inner, levels)

    assert is_too_deep(json.dumps(value).encode()) is (depth_of(value) > 64)


@pytest.mark.parametrize(
    ("data", "deep"),
    [
        (b"[" * 64 + b"]" * 64, False),
        (b"[" * 65 + b"]" * 65, True),
        (b'{"a":' * 65 + b"1" + b"}" * 65, True),
        (b"[" + b"[]," * 1000 + b"[]]", False),
        (b'["' + b"[" * 1000 + b'"]', False),
        (b'["\\"' + b"[" * 1000 + b'"]', False),
        (b'["\\\\",' + b"[" * 65 + b"]" * 65 + b"]", True),
        (b"[" * 65, True),
        (b"]" * 65 + b"[" * 64, False),
    ],
)
def test_depth_is_counted_outside_of_texts(data: bytes, deep: bool) -> None:
    assert is_too_deep(data) is deep


def test_crowd_is_counted_outside_of_texts() -> None:
    many = CONTAINERS_MAX + 1

    assert is_crowded(b"[" + b"[]," * many + b"[]]")
    assert not is_crowded(b'["' + b"[" * many + b'"]')
    assert not is_crowded(b"[" + b"[]," * (CONTAINERS_MAX - 2) + b"[]]")


@given(st.binary(max_size=100), st.integers(19, 60), st.binary(max_size=100))
def test_no_long_number_escapes_the_quick_search(before: bytes, digits: int, after: bytes) -> None:
    assert may_hold_long_number(before + b"7" * digits + after)


def test_short_numbers_are_not_taken_for_long_ones() -> None:
    assert not may_hold_long_number(b"123456789012345678," * 50)


@pytest.mark.parametrize("text", ["0", "-1.50", "1e308", "1e-308", "9" * 308])
def test_decimal_of_a_float_s_range_is_modest(text: str) -> None:
    assert is_modest(Decimal(text))


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e309", "1e-309", "9" * 310, "1." + "0" * 309]
)
def test_decimal_that_would_blow_up_is_not(text: str) -> None:
    assert not is_modest(Decimal(text))


class Box(Struct):
    value: Any


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (1, []),
        (2**63, [""]),
        (float("inf"), [""]),
        ([1, 2**63, "x", -(2**63) - 1], ["[1]", "[3]"]),
        ([1.5, float("nan")], ["[1]"]),
        ({"a": {"b": [2**70]}}, ["a.b[0]"]),
        ({2**70: 1}, ['["1180591620717411303424"]']),
        (Box([Box(2**70)]), ["value[0].value"]),
        ({"x": {2**70}}, ["x[0]"]),
        ({"a": True, "b": None, "c": "9" * 100}, []),
        ([[1] * 10, {"a": 1}], []),
    ],
)
def test_excess_is_found_with_its_path(value: Any, paths: list[str]) -> None:
    assert list(find_excess(value)) == paths
