"""Dates of HTTP headers."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.dates import format_http_date, parse_http_date

EXAMPLE = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_three_forms_of_the_standard_name_the_same_moment(text):
    # The examples of RFC 9110 §5.6.7.
    assert parse_http_date(text) == EXAMPLE


def test_date_is_written_in_the_preferred_form():
    assert format_http_date(EXAMPLE) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_number_is_seconds_since_1970():
    assert format_http_date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_date_of_another_zone_is_written_in_gmt():
    assert format_http_date(EXAMPLE.astimezone(timezone(timedelta(hours=5)))) == format_http_date(EXAMPLE)


def test_datetime_without_zone_is_refused_with_a_hint():
    with pytest.raises(ValueError, match="no time zone"):
        format_http_date(datetime(1994, 11, 6))


def test_two_digit_year_far_ahead_is_in_the_past():
    year = datetime.now(UTC).year + 51
    parsed = parse_http_date(f"Sunday, 06-Nov-{year % 100:02d} 08:49:37 GMT")
    assert parsed is not None
    assert parsed.year == year - 100


def test_two_digit_year_soon_is_in_the_future():
    year = datetime.now(UTC).year + 49
    parsed = parse_http_date(f"Sunday, 06-Nov-{year % 100:02d} 08:49:37 GMT")
    assert parsed is not None
    assert parsed.year in (year, year - 100)


def test_leap_second_is_the_second_before():
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "now", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 0٦ Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun Nov   6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT" + "T" * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_date(text):
    assert parse_http_date(text) is None


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_every_date_reads_back_to_the_second(moment):
    assert parse_http_date(format_http_date(moment)) == moment.replace(microsecond=0)


@given(st.text(max_size=40))
def test_no_text_is_an_error(text):
    assert parse_http_date(text) is None or len(text) >= 24
