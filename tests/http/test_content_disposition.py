"""Names of downloads."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.content_disposition import content_disposition
from bistro.http.headers import check_header
from bistro.http.parameters import parse_parameters


def test_disposition_without_a_name_is_the_kind_alone():
    assert content_disposition("inline") == "inline"


def test_plain_name_is_quoted():
    assert content_disposition("attachment", "plan 2.pdf") == 'attachment; filename="plan 2.pdf"'


def test_name_outside_of_ascii_is_sent_twice():
    assert content_disposition("attachment", "Über 5 €.pdf") == (
        "attachment; filename=\"Uber 5 _.pdf\"; filename*=UTF-8''%C3%9Cber%205%20%E2%82%AC.pdf"
    )


def test_percent_sign_is_no_escape_for_old_browsers():
    assert content_disposition("inline", "100%41.txt") == (
        "inline; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"
    )


@pytest.mark.parametrize("name", ["ｆｕｌｌ＂ｗｉｄｔｈ.txt", "a\uff0fb.txt", "a\uff3cb.txt"])
def test_letters_that_decompose_into_quotes_or_slashes_stay_harmless(name):
    plain = content_disposition("attachment", name).split('"')
    assert len(plain) == 3
    assert "/" not in plain[1]
    assert "\\" not in plain[1]


@given(st.text(max_size=300))
def test_any_name_makes_one_valid_header(name):
    value = content_disposition("attachment", name)
    check_header("content-disposition", value)
    parsed = parse_parameters(value)
    assert parsed is not None
    assert parsed[0] == "attachment"
    assert set(parsed[1]) <= {"filename", "filename*"}
    unquote(parsed[1].get("filename*", "").removeprefix("UTF-8''"), errors="strict")
