from __future__ import annotations

import time
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.routing.converters import (
    BUILT_IN_CONVERTERS,
    NO_MATCH,
    DateConverter,
    IntConverter,
    PathConverter,
    RegexConverter,
    SlugConverter,
    StrConverter,
    TextConverter,
    UuidConverter,
)
from tests.timing import is_within

plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
any_text = st.text(max_size=60)
HEXADECIMAL = TextConverter("hex", int, parse=lambda text: int(text, 16), write=lambda value: f"{value:x}")
ALL = [
    StrConverter(),
    IntConverter(),
    SlugConverter(),
    DateConverter(),
    UuidConverter(),
    PathConverter(),
    RegexConverter("[a-z]{2,5}"),
    HEXADECIMAL,
]


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_64_bit_number_is_read_back_from_its_text(value: int) -> None:
    assert IntConverter().find(IntConverter().format(value)) == value


@given(st.dates())
def test_every_date_is_read_back_from_its_text(value: date) -> None:
    assert DateConverter().find(DateConverter().format(value)) == value


@given(st.uuids())
def test_every_uuid_is_read_back_from_its_text(value: UUID) -> None:
    assert UuidConverter().find(UuidConverter().format(value)) == value


@given(st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True))
def test_every_slug_is_read_back_from_its_text(value: str) -> None:
    assert SlugConverter().find(SlugConverter().format(value)) == value


@given(plain_text.filter(lambda text: text not in (".", "..")))
def test_every_plain_text_is_read_back_from_its_text(value: str) -> None:
    assert StrConverter().find(StrConverter().format(value)) == value


@given(st.text(alphabet="ab./%é", min_size=1))
def test_a_path_is_either_refused_or_read_back(value: str) -> None:
    converter = PathConverter()
    if converter.find(value) is NO_MATCH:
        with pytest.raises(ValueError):
            converter.format(value)
    else:
        assert converter.find(converter.format(value)) == value


@pytest.mark.parametrize("converter", ALL, ids=lambda each: each.name)
@given(text=any_text)
def test_reading_never_raises_whatever_the_text(converter: Any, text: str) -> None:
    converter.find(text)


@pytest.mark.parametrize("converter", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("text", ["", "a\0b", "1\0", "\0"])
def test_no_converter_takes_empty_text_or_nul(converter: Any, text: str) -> None:
    assert converter.find(text) is NO_MATCH


@pytest.mark.parametrize("converter", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("text", [".", ".."])
def test_no_converter_takes_a_dot_segment(converter: Any, text: str) -> None:
    assert converter.find(text) is NO_MATCH


@pytest.mark.parametrize("text", ["0", "7", "42", "-1", "007", "9223372036854775807", "-9223372036854775808"])
def test_int_takes_plain_ascii_digits(text: str) -> None:
    assert IntConverter().find(text) == int(text)


@pytest.mark.parametrize(
    "text",
    ["1\n", "\n1", " 1", "1 ", "+1", "1_0", "1.0", "1e3", "0x10", "--1", "-", "١٢", "²", "1,000", "NaN", "½"],
)
def test_int_takes_nothing_else_that_python_would(text: str) -> None:
    assert IntConverter().find(text) is NO_MATCH


@pytest.mark.parametrize(
    "text", ["9223372036854775808", "-9223372036854775809", "9" * 19, "9" * 5000, "0" * 20]
)
def test_int_beyond_64_bits_does_not_match(text: str) -> None:
    assert IntConverter().find(text) is NO_MATCH


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2024-13-01",
        "0000-01-01",
        "20240229",
        "2024-W09-4",
        "2024-2-9",
        "٢٠٢٤-01-01",
        "2024-02-29\n",
    ],
)
def test_date_takes_one_form_only(text: str) -> None:
    assert DateConverter().find(text) is NO_MATCH


@pytest.mark.parametrize(
    "text",
    [
        "{12345678-1234-5678-1234-567812345678}",
        "urn:uuid:12345678-1234-5678-1234-567812345678",
        "12345678123456781234567812345678",
        "12345678-1234-5678-1234-56781234567",
        "12345678-1234-5678-1234-567812345678\n",
    ],
)
def test_uuid_takes_one_form_only(text: str) -> None:
    assert UuidConverter().find(text) is NO_MATCH


def test_uuid_is_read_in_either_case() -> None:
    text = "ABCDEF00-1234-5678-1234-567812345678"
    assert UuidConverter().find(text) == UuidConverter().find(text.lower())


@pytest.mark.parametrize("text", ["a b", "é", "a/b", "a.b", "a\n", "ſ"])
def test_slug_takes_only_ascii_letters_digits_hyphen_and_underscore(text: str) -> None:
    assert SlugConverter().find(text) is NO_MATCH


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../x", "a/../b", "a/..", "a/./b", "./a", "..", ".", "a\0", "//x"]
)
def test_path_refuses_what_could_lead_out_of_a_folder(text: str) -> None:
    assert PathConverter().find(text) is NO_MATCH


@pytest.mark.parametrize("text", ["a", "a/b", "a/b/", "a..b/c", ".well-known/x", "...", "a//b"])
def test_path_takes_the_rest_with_its_slashes(text: str) -> None:
    assert PathConverter().find(text) == text


def test_path_lets_no_slash_through_that_was_part_of_a_segment() -> None:
    assert PathConverter().find_rest(["", "files", "a/b", "c"], 2) is NO_MATCH


@pytest.mark.parametrize(
    ("converter", "value"),
    [
        (IntConverter(), True),
        (IntConverter(), "5"),
        (IntConverter(), 5.0),
        (IntConverter(), None),
        (StrConverter(), None),
        (StrConverter(), 1.5),
        (StrConverter(), True),
        (StrConverter(), b"x"),
        (StrConverter(), datetime(2024, 1, 1)),
        (DateConverter(), "2024-01-01"),
        (DateConverter(), datetime(2024, 1, 1)),
        (UuidConverter(), "12345678-1234-5678-1234-567812345678"),
        (SlugConverter(), 5),
        (PathConverter(), ["a"]),
        (HEXADECIMAL, "ff"),
    ],
)
def test_writing_refuses_a_value_of_another_type(converter: Any, value: object) -> None:
    with pytest.raises(TypeError):
        converter.format(value)


@pytest.mark.parametrize(
    ("converter", "value"),
    [
        (IntConverter(), 2**63),
        (StrConverter(), ""),
        (StrConverter(), ".."),
        (StrConverter(), "\ud800"),
        (StrConverter(), "a\0"),
        (SlugConverter(), "a b"),
        (PathConverter(), "/etc/passwd"),
        (PathConverter(), "a/../b"),
        (RegexConverter("[0-9]{4}"), "12"),
    ],
)
def test_writing_refuses_a_value_that_would_not_be_read_back(converter: Any, value: object) -> None:
    with pytest.raises(ValueError):
        converter.format(value)


@pytest.mark.parametrize("value", [5, date(2024, 1, 2), UUID(int=1)])
def test_str_writes_numbers_dates_and_uuids_as_text(value: object) -> None:
    assert StrConverter().format(value) == str(value)


def test_regex_matches_the_whole_segment() -> None:
    assert RegexConverter("[0-9]{4}").find("20245") is NO_MATCH


def test_regex_does_not_take_a_newline_behind_its_end() -> None:
    assert RegexConverter("^[0-9]+$").find("1\n") is NO_MATCH


def test_regex_longer_than_its_limit_does_not_match() -> None:
    assert RegexConverter("a+").find("a" * 129) is NO_MATCH


def test_two_regex_converters_with_one_text_are_equal() -> None:
    assert RegexConverter("a+") == RegexConverter("a+")


@given(st.integers(0, 2**80))
def test_own_converter_reads_back_what_it_writes(value: int) -> None:
    assert HEXADECIMAL.find(HEXADECIMAL.format(value)) == value


def test_own_converter_that_raises_value_error_does_not_match() -> None:
    assert HEXADECIMAL.find("xyz") is NO_MATCH


def test_own_converter_that_raises_arithmetic_error_does_not_match() -> None:
    assert TextConverter("decimal", Decimal, parse=Decimal).find("not a number") is NO_MATCH


def test_own_converter_does_not_see_text_beyond_its_length() -> None:
    assert HEXADECIMAL.find("f" * 256) is NO_MATCH


def test_own_converter_refuses_to_write_what_it_reads_differently() -> None:
    lossy = TextConverter("lossy", str, parse=str.lower)
    with pytest.raises(ValueError, match="would not be read back"):
        lossy.format("ABC")


def test_more_specific_converters_have_lower_ranks() -> None:
    ranks = [each.rank for name, each in BUILT_IN_CONVERTERS.items() if name != "regex"]  # type: ignore[union-attr]
    assert len(set(ranks)) == len(ranks)
    assert IntConverter().rank < SlugConverter().rank < StrConverter().rank < PathConverter().rank


@pytest.mark.timed
@pytest.mark.parametrize("converter", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("piece", ["9", "a", "-", "/", ".", "../", "é", "a-"])
def test_reading_100_kb_takes_no_more_than_50_ms(converter: Any, piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.thread_time()
    converter.find(text)
    assert is_within(time.thread_time() - start, 0.05)
