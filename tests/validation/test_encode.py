"""Values to JSON."""

from __future__ import annotations

import collections
import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from bistro.ground.multidict import MultiDict
from bistro.validation import (
    ENCODING_REFUSALS,
    EncodingError,
    encode_json,
    encode_json_line,
    encode_json_pretty,
    encode_json_safely,
    explain_encoding,
    json_encoder,
)


class Kind(enum.Enum):
    BOOK = "book"


class Note(Struct, rename="camel"):
    note_id: int
    title: str | UnsetType = UNSET


@dataclass
class Point:
    x: int


@attrs.define
class Mark:
    x: int


class Pair(NamedTuple):
    a: int


class Row(TypedDict):
    a: int


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Real(float):
    pass


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"message": "Hello"}, b'{"message":"Hello"}'),
        (None, b"null"),
        ("ü\0\u2028<", '"ü\\u0000\u2028<"'.encode()),
        (datetime(2024, 2, 29, 10, 30, tzinfo=UTC), b'"2024-02-29T10:30:00Z"'),
        (datetime(2024, 2, 29, 10, 30), b'"2024-02-29T10:30:00"'),
        (date(2024, 2, 29), b'"2024-02-29"'),
        (time(10, 30), b'"10:30:00"'),
        (timedelta(minutes=90), b'"PT5400S"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (Decimal("12.50"), b'"12.50"'),
        (Decimal("NaN"), b'"NaN"'),
        (b"hi", b'"aGk="'),
        (Kind.BOOK, b'"book"'),
        (enum.IntEnum("Size", "S M").M, b"2"),
        ({1}, b"[1]"),
        (frozenset([1]), b"[1]"),
        ((1, 2), b"[1,2]"),
        (float("nan"), b"null"),
        (float("-inf"), b"null"),
        (2**64, b"18446744073709551616"),
        (Note(1), b'{"noteId":1}'),
        (Point(1), b'{"x":1}'),
        (Mark(1), b'{"x":1}'),
        (Pair(1), b"[1]"),
        (Row(a=1), b'{"a":1}'),
        (collections.OrderedDict(a=1), b'{"a":1}'),
        (collections.UserDict(a=1), b'{"a":1}'),
        (MultiDict([("a", "1"), ("a", "2")]), b'{"a":"1"}'),
        (collections.deque([1, 2]), b"[1,2]"),
        (range(3), b"[0,1,2]"),
        ({"a": 1}.keys(), b'["a"]'),
        (Text("x"), b'"x"'),
        (Number(3), b"3"),
        (Real(1.5), b"1.5"),
        (
            {1: 2, 1.5: 3, None: 5, Kind.BOOK: 6, date(2024, 2, 29): 7},
            b'{"1":2,"1.5":3,"null":5,"book":6,"2024-02-29":7}',
        ),
        ({True: 1, False: 0}, b'{"true":1,"false":0}'),
        ({Text("k"): 1}, b'{"k":1}'),
    ],
)
def test_value_is_written_as_documented(value: Any, data: bytes) -> None:
    assert encode_json(value) == data


def test_encoder_is_a_bound_method_of_c_with_nothing_around_it() -> None:
    assert type(encode_json).__name__ == "builtin_function_or_method"


@pytest.mark.parametrize(
    ("value", "data"),
    [("12.50", b"12.50"), ("1E+5", b"1E+5"), ("NaN", b"null"), ("-Infinity", b"null"), ("0", b"0")],
)
def test_decimals_are_numbers_by_choice_and_still_json(value: str, data: bytes) -> None:
    encoded = json_encoder(decimal_format="number")(Decimal(value))

    assert encoded == data
    json.loads(encoded)


def test_pretty_json_is_indented_and_ends_the_line() -> None:
    assert encode_json_pretty({"a": [1]}) == b'{\n  "a": [\n    1\n  ]\n}\n'


@given(st.text())
def test_line_holds_no_line_break_but_its_own(text: str) -> None:
    line = encode_json_line({"text": text})

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def refusal_of(value: Any, encode: Callable[[Any], bytes] = encode_json) -> EncodingError:
    with pytest.raises(ENCODING_REFUSALS) as caught:
        encode(value)
    return explain_encoding(value, caught.value)


def loop() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (object(), "", "object has no JSON form"),
        ({"a": [1, {"b": PurePosixPath("/x")}]}, "a[1].b", "PurePosixPath has no JSON form"),
        ({"odd key": 1j}, '["odd key"]', "complex has no JSON form"),
        ([Note(1), Note(2, object())], "[1].title", "object has no JSON form"),  # type: ignore[arg-type]  # on purpose
        (Point(Mark(object())), "x.x", "object has no JSON form"),  # type: ignore[arg-type]  # on purpose
        ({"items": (x for x in [1])}, "items", "generator has no JSON form"),
        ({"a": UNSET}, "a", "UnsetType has no JSON form"),
        ({(1, 2): 3}, '["(1, 2)"]', "tuple can't be the key"),
        ({range(2): 3}, "", "list can't be the key"),
        ({"a": ["\ud800"]}, "a[0]", "half of a surrogate pair"),
        (loop(), "", "too deep or holds itself"),
        pytest.param(10**5000, "", "4300", id="5001 digits"),
    ],
)
def test_value_without_json_form_is_explained_with_path_and_type(value: Any, path: str, words: str) -> None:
    error = refusal_of(value)

    assert error.code == "B602"
    assert words in str(error)
    assert error.path == path


def test_error_says_how_to_fix_it() -> None:
    assert "str(value)" in str(refusal_of({"a": PurePosixPath("/x")}))


@pytest.mark.parametrize(
    "value",
    [
        {"a": object()},
        {1j: "\ud800"},
        loop(),
        pytest.param([10**5000, 2**70], id="5001 digits"),
        float("nan"),
        [Note(1, "\udfff")],
        {"d": date(2024, 1, 1), "x": 1j},
    ],
)
def test_safe_encoder_gives_json_whatever_the_value(value: Any) -> None:
    json.loads(encode_json_safely(value))


def test_safe_encoder_keeps_what_can_be_encoded() -> None:
    assert (
        encode_json_safely({"when": date(2024, 2, 29), "what": object()})
        == b'{"when":"2024-02-29","what":"<object>"}'
    )


@given(
    st.dictionaries(
        st.text(),
        st.decimals(allow_nan=False, allow_infinity=False) | st.datetimes() | st.uuids() | st.binary(),
    )
)
def test_everything_documented_is_valid_json(value: dict[str, Any]) -> None:
    assert json.loads(encode_json(value)).keys() == value.keys()
