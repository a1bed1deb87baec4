"""Attacks with the Range header (security.md, row 22)."""

import pytest

from bistro.http.errors import RangeNotSatisfiable
from bistro.http.ranges import byteranges_length, parse_range

SIZE = 1_000_000


def test_3000_ranges_are_ignored():
    # CVE-2025-62727.
    assert parse_range("bytes=" + ",".join(f"{n}-{n}" for n in range(3000)), SIZE) is None


def test_50_kb_of_zeros_are_a_zero():
    assert parse_range("bytes=" + "0" * 50_000 + "-0", SIZE) == [(0, 1)]


@pytest.mark.parametrize("digits", [19, 20, 100, 5000, 50_000])
def test_number_beyond_every_file_is_beyond_the_end(digits):
    assert parse_range("bytes=0-" + "9" * digits, SIZE) == [(0, SIZE)]
    assert parse_range("bytes=-" + "9" * digits, SIZE) == [(0, SIZE)]
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=" + "9" * digits + "-", SIZE)


@pytest.mark.parametrize("value", ["bytes=5-1", "bytes=" + "9" * 5000 + "-1", "bytes=1-0", "bytes=0-0,5-1"])
def test_inverted_range_is_ignored(value):
    assert parse_range(value, SIZE) is None


def test_ranges_that_overlap_do_not_multiply_the_answer():
    # The "Apache killer": bytes=0-,5-0,5-1,5-2,…
    ranges = parse_range("bytes=" + ",".join(["0-"] * 10), SIZE)
    assert ranges == [(0, SIZE)]


def test_tiny_ranges_cost_little_more_than_themselves():
    ranges = parse_range("bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(10)), SIZE)
    assert ranges is not None
    assert byteranges_length(ranges, SIZE, "text/plain", "b" * 32) < 2000


@pytest.mark.parametrize(
    "value",
    ["bytes=-5-", "bytes=--5", "bytes=0--5", "bytes=-0x5", "bytes=1e3-", "bytes=1_000-", "bytes=\u0661-"],
)
def test_number_that_only_python_would_read_is_ignored(value):
    assert parse_range(value, SIZE) is None


def test_header_of_100_kb_takes_no_time(assert_linear):
    assert_linear(lambda value: parse_range(value, SIZE), lambda size: "bytes=" + "0-0," * (size // 4))
    assert_linear(lambda value: parse_range(value, SIZE), lambda size: "bytes=" + "0" * size)
