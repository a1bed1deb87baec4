"""Values of the path, the query, headers, cookies and forms."""

from __future__ import annotations

import enum
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Optional, Union
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from bistro.validation import UnsupportedType, ValidationFailed, text_converter, values_converter

ItemId = NewType("ItemId", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


PLUS_TWO = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (str, "", ""),
        (str, " ü\0", " ü\0"),
        (Any, "x", "x"),
        (int, "0", 0),
        (int, "-0", 0),
        (int, "007", 7),
        (int, "-12", -12),
        (int, "9223372036854775807", 2**63 - 1),
        (int, "-9223372036854775808", -(2**63)),
        (float, "1", 1.0),
        (float, "-1.5e3", -1500.0),
        (float, ".5", 0.5),
        (float, "1e-400", 0.0),
        (bool, "true", True),
        (bool, "True", True),
        (bool, "on", True),
        (bool, "YES", True),
        (bool, "1", True),
        (bool, "0", False),
        (bool, "off", False),
        (bool, "no", False),
        (bool, "FALSE", False),
        (Decimal, "12.50", Decimal("12.50")),
        (Decimal, "1e308", Decimal("1e308")),
        (date, "2024-02-29", date(2024, 2, 29)),
        (time, "10:30", time(10, 30)),
        (time, "10:30:15.25", time(10, 30, 15, 250_000)),
        (time, "10:30Z", time(10, 30, tzinfo=UTC)),
        (datetime, "2024-02-29T10:30", datetime(2024, 2, 29, 10, 30)),
        (datetime, "2024-02-29 10:30:00", datetime(2024, 2, 29, 10, 30)),
        (datetime, "2024-02-29t10:30:00z", datetime(2024, 2, 29, 10, 30, tzinfo=UTC)),
        (datetime, "2024-02-29T10:30:00+02:00", datetime(2024, 2, 29, 10, 30, tzinfo=PLUS_TWO)),
        (timedelta, "PT1H30M", timedelta(minutes=90)),
        (timedelta, "-P3D", timedelta(days=-3)),
        (UUID, "12345678-1234-1234-1234-123456789abc", UUID("12345678-1234-1234-1234-123456789abc")),
        (UUID, "12345678123412341234123456789ABC", UUID("12345678-1234-1234-1234-123456789abc")),
        (Colour, "red", Colour.RED),
        (Size, "2", Size.LARGE),
        (Literal["a", 3, True], "a", "a"),
        (Literal["a", 3, True], "3", 3),
        (Literal["a", 3, True], "true", True),
        (ItemId, "5", 5),
        (int | None, "", None),
        (Optional[int], "5", 5),  # noqa: UP045 - the old spelling has to work as well
        (str | None, "", ""),
        (Colour | None, "", None),
        (Literal["", "a"] | None, "", ""),
        (Union[int, str], "5", 5),  # noqa: UP007
        (str | int, "5", 5),
        (str | int, "five", "five"),
        (int | date | None, "2024-02-29", date(2024, 2, 29)),
        (int | date | None, "", None),
        (Annotated[int, Meta(ge=1, le=5)], "5", 5),
        (Annotated[str, Meta(pattern="^a+$", max_length=3)], "aaa", "aaa"),
        (Annotated[int, Meta(ge=1)] | None, "", None),
        (Annotated[int, Meta(description="how many")], "5", 5),
    ],
)
def test_text_becomes_the_value(type_: Any, text: str, value: Any) -> None:
    result = text_converter(type_)(text)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "code"),
    [
        *[(int, text, "type") for text in ("", "-", "--5", "+5", "1_0", " 5", "5 ", "5\n", "1.0", "1e3", "０", "１２", "²", "٣", "0x10", "NaN", "５0")],
        *[(int, text, "out-of-range") for text in ("9223372036854775808", "-9223372036854775809", "9" * 5000, "0" * 21)],
        *[(float, text, "type") for text in ("", "nan", "NaN", "inf", "-Infinity", "1_0", " 1", "+1", "1.", ".", "1e", "１.0", "0x1p3", "9" * 65, "1e9999999")],
        (float, "1e400", "out-of-range"),
        (float, "-1e400", "out-of-range"),
        *[(Decimal, text, "type") for text in ("", "NaN", "sNaN", "Infinity", "1_0", " 1", "１", "9" * 65)],
        (Decimal, "1e309", "out-of-range"),
        (Decimal, "1e100000", "out-of-range"),
        (Decimal, "1e-100000", "out-of-range"),
        *[(bool, text, "type") for text in ("", "2", "truthy", "t", " true", "on\n", "x" * 100_000)],
        *[(date, text, "format") for text in ("", "2024-02-30", "20240229", "2024-W01-1", "2024-02-29T00:00", "２０２４-02-29", "2024-02-29\n")],
        *[(time, text, "format") for text in ("", "25:00", "1030", "10:30:99", "10", "T10:30", "10:30+99:00")],
        *[(datetime, text, "format") for text in ("", "2024-02-29", "2024-02-30T10:30", "2024-02-29T10:30:00 02:00", "1709200000", "2024-02-29T10:30:00+02:99")],
        *[(timedelta, text, "format") for text in ("", "90", "1:30", "P99999999999999D", "P1Y", "PT" + "1" * 100_000)],
        *[(UUID, text, "format") for text in ("", "1234", "{12345678-1234-1234-1234-123456789abc}", "urn:uuid:12345678-1234-1234-1234-123456789abc", "g" * 32)],
        *[(Colour, text, "choice") for text in ("", "RED", "green", "Colour.RED")],
        (Size, "3", "choice"),
        (Literal["a", 3], "b", "choice"),
        (Literal[True], "1", "choice"),
        (int | date, "x", "type"),
        (int | None, "null", "type"),
        (Annotated[int, Meta(ge=1)], "0", "too-small"),
        (Annotated[int, Meta(gt=0)], "0", "too-small"),
        (Annotated[int, Meta(le=5)], "6", "too-large"),
        (Annotated[int, Meta(lt=5)], "5", "too-large"),
        (Annotated[int, Meta(multiple_of=5)], "6", "multiple-of"),
        (Annotated[float, Meta(ge=0.5)], "0.4", "too-small"),
        (Annotated[str, Meta(min_length=2)], "a", "too-short"),
        (Annotated[str, Meta(max_length=2)], "aaa", "too-long"),
        (Annotated[str, Meta(pattern="^a+$")], "b", "pattern"),
        (Annotated[datetime, Meta(tz=True)], "2024-02-29T10:30", "format"),
        (Annotated[datetime, Meta(tz=False)], "2024-02-29T10:30Z", "format"),
        (Annotated[int, Meta(ge=1)] | None, "0", "too-small"),
    ],
)  # fmt: skip
def test_text_that_does_not_fit_is_refused(problems_of, type_: Any, text: str, code: str) -> None:
    (problem,) = problems_of(text_converter(type_), text)

    assert (problem.place, problem.path, problem.code) == ("", "", code)
    assert problem.message


@pytest.mark.parametrize(
    ("type_", "text", "message"),
    [
        (int, "x", "must be a whole number"),
        (bool, "x", "must be true or false"),
        (date, "x", "must be a date (YYYY-MM-DD)"),
        (Colour, "x", "must be one of: red, blue"),
        (int | date | None, "x", "must be a whole number or a date (YYYY-MM-DD)"),
        (Annotated[int, Meta(ge=1)], "0", "must be at least 1"),
        (Annotated[str, Meta(min_length=1)], "", "must have at least 1 character"),
        (Annotated[str, Meta(max_length=2)], "abc", "must have at most 2 characters"),
    ],
)
def test_refusal_says_in_plain_words_what_is_wanted(problems_of, type_: Any, text: str, message: str) -> None:
    assert problems_of(text_converter(type_), text)[0].message == message


def test_refusal_never_repeats_the_text(problems_of) -> None:
    for type_ in (int, float, date, UUID, Colour, int | date):
        assert "<script>" not in problems_of(text_converter(type_), "<script>")[0].message


@pytest.mark.parametrize(
    "type_", [dict, list, bytes, object | dict, complex, type, list[int], tuple[int, str]]
)
def test_type_that_no_single_text_can_become_is_refused_at_freeze(type_: Any) -> None:
    with pytest.raises(UnsupportedType) as caught:
        text_converter(type_)

    assert caught.value.code == "B603"
    assert caught.value.fix


def test_converter_of_str_is_str_itself_so_that_a_caller_can_leave_it_out() -> None:
    assert text_converter(str) is str


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement")
def test_type_statement_is_looked_through() -> None:
    namespace: dict[str, Any] = {}
    exec("type Page = int", namespace)

    assert text_converter(namespace["Page"])("5") == 5


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_64_bit_integer_comes_back(value: int) -> None:
    assert text_converter(int)(str(value)) == value


@given(st.integers())
def test_integer_is_read_exactly_if_it_has_64_bits(value: int) -> None:
    try:
        assert text_converter(int)(str(value)) == value
    except ValidationFailed:
        assert not -(2**63) <= value < 2**63


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_comes_back(value: float) -> None:
    assert text_converter(float)(repr(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_decimals_come_back_exactly(value: Decimal) -> None:
    assert text_converter(Decimal)(str(value)) == value


@given(st.datetimes(timezones=st.none() | st.just(UTC)))
def test_every_datetime_comes_back_naive_or_aware(value: datetime) -> None:
    result = text_converter(datetime)(value.isoformat())

    assert result == value
    assert result.tzinfo == value.tzinfo


@given(st.dates())
def test_every_date_comes_back(value: date) -> None:
    assert text_converter(date)(value.isoformat()) == value


@given(st.uuids())
def test_every_uuid_comes_back(value: UUID) -> None:
    assert text_converter(UUID)(str(value)) == value


ALL_TYPES = [
    int,
    float,
    bool,
    Decimal,
    date,
    time,
    datetime,
    timedelta,
    UUID,
    Colour,
    Size,
    int | None,
    int | date,
]


@given(st.text(max_size=80), st.sampled_from(ALL_TYPES))
def test_no_text_raises_anything_but_a_refusal(text: str, type_: Any) -> None:
    try:
        text_converter(type_)(text)
    except ValidationFailed as error:
        assert len(error.problems) == 1


@given(st.text(alphabet="0123456789+-.:eETZ_PDHMS infa٣", max_size=40), st.sampled_from(ALL_TYPES))
def test_no_text_that_is_nearly_right_raises_anything_but_a_refusal(text: str, type_: Any) -> None:
    try:
        text_converter(type_)(text)
    except ValidationFailed as error:
        assert len(error.problems) == 1


class TestValues:
    @pytest.mark.parametrize(
        ("type_", "values", "result"),
        [
            (list[int], ["1", "2"], [1, 2]),
            (list[str], [], []),
            (set[str], ["a", "a"], {"a"}),
            (frozenset[int], ["1"], frozenset({1})),
            (tuple[int, ...], ["1", "2"], (1, 2)),
            (tuple[int, str], ["1", "b"], (1, "b")),
            (list[int] | None, ["1"], [1]),
            (list[Colour | None], ["red", ""], [Colour.RED, None]),
            (list, ["a"], ["a"]),
        ],
    )
    def test_repeated_texts_become_one_value(self, type_: Any, values: list[str], result: Any) -> None:
        assert values_converter(type_)(values) == result

    def test_every_wrong_text_is_told_with_its_index(self, codes_of) -> None:
        assert codes_of(values_converter(list[int]), ["1", "x", "2", "9" * 20]) == {
            "[1]": "type",
            "[3]": "out-of-range",
        }

    def test_at_most_100_problems_are_told(self, problems_of) -> None:
        assert len(problems_of(values_converter(list[int]), ["x"] * 5000)) == 100

    def test_number_of_values_is_checked(self, codes_of) -> None:
        few = Annotated[list[int], Meta(min_length=1, max_length=2)]

        assert codes_of(values_converter(few), []) == {"": "too-short"}
        assert codes_of(values_converter(few), ["1", "2", "3"]) == {"": "too-long"}
        assert codes_of(values_converter(tuple[int, int]), ["1"]) == {"": "length"}

    @pytest.mark.parametrize("type_", [int, dict[str, int], list[list[int]], list[bytes], tuple[int, dict]])
    def test_type_that_repeated_texts_can_not_become_is_refused_at_freeze(self, type_: Any) -> None:
        with pytest.raises(UnsupportedType):
            values_converter(type_)
