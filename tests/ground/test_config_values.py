"""Texts as values of a setting's type, generously read and precisely refused."""

from __future__ import annotations

import enum
import ipaddress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.config_values import WrongValue, convert_setting, describe_type, write_setting
from bistro.ground.secret import Secret


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


Port = NewType("Port", int)
SmallPort = Annotated[int, msgspec.Meta(ge=1, le=1023)]


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("shop", str, "shop"),
        (" kept ", str, " kept "),
        ("true", str, "true"),
        ("8000", int, 8000),
        (" 8000 ", int, 8000),
        ("8000", Port, 8000),
        ("80", SmallPort, 80),
        ("8000", int | None, 8000),
        ("1.5", float, 1.5),
        ("1.10", Decimal, Decimal("1.10")),
        ("s3cret", Secret, Secret("s3cret")),
        ("s3cret", Secret | None, Secret("s3cret")),
        ("/srv/shop", Path, Path("/srv/shop")),
        ("red", Colour, Colour.RED),
        ("b", Literal["a", "b"], "b"),
        ("2026-11-22", date, date(2026, 11, 22)),
        ("2026-11-22T08:00:00Z", datetime, datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("00000000-0000-0000-0000-000000000001", UUID, UUID(int=1)),
        ("127.0.0.1", ipaddress.IPv4Address, ipaddress.IPv4Address("127.0.0.1")),
        ("a, b ,,c", list[str], ["a", "b", "c"]),
        ("", list[str], []),
        ("1,2", tuple[int, ...], (1, 2)),
        ("yes,off", list[bool], [True, False]),
        ("1s,2m", list[timedelta], [timedelta(seconds=1), timedelta(minutes=2)]),
        ('["a,b", "c"]', list[str], ["a,b", "c"]),
        ("a,a", frozenset[str], frozenset(["a"])),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("anything", Any, "anything"),
    ],
)
def test_text_is_read_as_the_type(text: str, wanted: Any, value: object):
    assert convert_setting(text, wanted) == value


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "yes", "Yes", "on", " on "])
def test_words_for_true(word: str):
    assert convert_setting(word, bool) is True


@pytest.mark.parametrize("word", ["0", "false", "no", "NO", "off"])
def test_words_for_false(word: str):
    assert convert_setting(word, bool | None) is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("2w", 1209600),
        ("250ms", 0.25),
        ("1h30m", 5400),
        ("1.5H", 5400),
        ("90", 90),
        ("PT5M", 300),
    ],
)
def test_durations(text: str, seconds: float):
    assert convert_setting(text, timedelta) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("x", int),
        ("1.5", int),
        ("1_000", int),
        ("", int),
        ("9" * 5_000, int),
        ("maybe", bool),
        ("2", bool),
        ("x", float),
        ("5 bananas", timedelta),
        ("s", timedelta),
        ("1h" * 40, timedelta),
        ("999999999w", timedelta),
        ("green", Colour),
        ("c", Literal["a", "b"]),
        ("1,x", list[int]),
        ("[1,", list[int]),
        ("{", dict[str, int]),
        ("[" * 100_000, list[Any]),
        ("70000", SmallPort),
        ("300.0.0.1", ipaddress.IPv4Address),
        ("x", UUID),
        (5, str),
        (5, Secret),
        ([1], str),
        ({"a": 1}, int),
        (None, int),
    ],
)
def test_value_that_does_not_fit_is_refused_with_a_short_reason(value: object, wanted: Any):
    with pytest.raises(WrongValue) as caught:
        convert_setting(value, wanted)

    assert 0 < len(str(caught.value)) <= 200


@pytest.mark.parametrize(
    ("value", "wanted", "converted"),
    [
        (8000, int, 8000),
        ("8000", int, 8000),
        (True, bool, True),
        ("30s", timedelta, timedelta(seconds=30)),
        (30, timedelta, timedelta(seconds=30)),
        (["a", "b"], list[str], ["a", "b"]),
        (["1s"], list[timedelta], [timedelta(seconds=1)]),
        (["/a"], tuple[Path, ...], (Path("/a"),)),
        ({"a": 1}, dict[str, int], {"a": 1}),
        ("secret", Secret, Secret("secret")),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_values_of_toml_are_read_too(value: object, wanted: Any, converted: object):
    assert convert_setting(value, wanted) == converted


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (str, "a text"),
        (int, "a whole number"),
        (SmallPort, "a whole number"),
        (Port, "a whole number"),
        (float | None, "a number"),
        (bool, "true or false"),
        (Secret, "a secret text"),
        (timedelta, "a duration like 30s, 5m, 2h or 1d"),
        (Path, "a path"),
        (list[int], "a list with commas, each a whole number"),
        (list, "a list with commas"),
        (tuple[str, ...], "a list with commas, each a text"),
        (dict[str, int], "a JSON object"),
        (Literal["a", "b"], "one of 'a', 'b'"),
        (Colour, "one of 'red', 'blue'"),
        (int | str | None, "a whole number or a text"),
        (UUID, "UUID"),
    ],
)
def test_type_is_described_in_words(wanted: Any, words: str):
    assert describe_type(wanted) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (timedelta(days=14), "14d"),
        (timedelta(minutes=90), "90m"),
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(0), "0s"),
        (Colour.RED, "red"),
        (["a", 1, False], "a,1,false"),
        (Path("/a"), "/a"),
        (Secret("x"), "***"),
    ],
)
def test_value_is_written_as_one_would_set_it(value: object, text: str):
    assert write_setting(value) == text


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9_999)).map(
        lambda d: timedelta(seconds=d // timedelta(seconds=1))
    )
)
def test_written_durations_are_read_back(value: timedelta):
    assert convert_setting(write_setting(value), timedelta) == value


@given(
    st.text(max_size=60),
    st.sampled_from(
        [int, float, bool, timedelta, list[int], dict[str, int], Literal["a"], Path, Secret, int | None]
    ),
)
def test_any_text_is_either_read_or_refused_as_a_wrong_value(text: str, wanted: Any):
    try:
        convert_setting(text, wanted)
    except WrongValue as refusal:
        assert str(refusal)


@pytest.mark.parametrize("unit", ["1", "1h", "1.", ",", "a,", "[", " ", "1h1"])
def test_conversion_is_linear(unit: str, assert_linear):
    def convert(text: str) -> None:
        for wanted in (timedelta, list[str], bool, float):
            try:
                convert_setting(text, wanted)
            except WrongValue:
                pass

    assert_linear(convert, lambda n: (unit * n)[:n])
