"""What may be a name or an address, and which two are the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.plugins.accounts.names import find_email_fault, find_greeting, find_name_fault, fold

LONGEST = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 61}"  # 254 characters (RFC 5321 §4.5.3.1)


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.com",
        "ann+notes@example.com",
        "o'hara@example.com",
        "a.b-c_d@mail.example.co.uk",
        "ann@münchen.example",
        "josé@example.com",
        "root@localhost",
        "a/b@example.com",
        LONGEST,
    ],
)
def test_address_that_mail_can_go_to_has_no_fault(email: str) -> None:
    assert find_email_fault(email) is None


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@b@example.com",
        f"{'a' * 65}@example.com",
        f"{LONGEST}d",
        "ann smith@example.com",
        "ann@exam ple.com",
        "ann\u00a0@example.com",
        "ann@example.com\r\nbcc:x@example.com",
        "ann\0@example.com",
        "ann\u200b@example.com",
        "ann@exam\u202eple.com",
        "ann@.example.com",
        "ann@example.com.",
        "ann@-example.com",
        "ann@example.com-",
        "ann@example..com",
        "ann..b@example.com",
        ".ann@example.com",
        "ann.@example.com",
        f"{'é' * 33}@example.com",
        f"ann@{'b' * 64}.com",
        "=?utf-8?q?ann?=@example.com",
        "<ann@example.com>",
        " ann@example.com",
        *[f"a{each}b@example.com" for each in '"(),:;<>[\\]'],
        *[f"ann@exam{each}ple.com" for each in '"(),:;<>\\/_!*'],
    ],
)
def test_address_that_nothing_can_be_sent_to_has_a_fault(email: str) -> None:
    assert find_email_fault(email) == "is no e-mail address"


@pytest.mark.parametrize("name", ["a", "Ann", "Ann Smith", "Åsa", "李小龍", "n" * 150, "ann.smith", "ﷺ" * 50])
def test_name_that_people_have_has_no_fault(name: str) -> None:
    assert find_name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "has 1 to 150 characters"),
        (" \t ", "has 1 to 150 characters"),
        ("n" * 151, "has 1 to 150 characters"),
        ("an\u200bn", "has a character that can't be seen"),
        ("an\0n", "has a character that can't be seen"),
        ("an\u2028n", "has a character that can't be seen"),
        ("an\ud800n", "has a character that can't be seen"),
        ("an\ue000n", "has a character that can't be seen"),
        ("an\u0378n", "has a character that can't be seen"),
        ("ann@example.com", "can't have an @"),
        ("ﷺ" * 150, "can't have an @"),  # its folded form is too long to be compared
    ],
)
def test_name_that_can_be_nobodys_has_a_fault(name: str, fault: str) -> None:
    assert find_name_fault(name) == fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.com", "ann@example.com"),
        ("ANN", "ann"),
        ("straße", "STRASSE"),
        ("ａｎｎ", "ann"),
        ("e\u0301va", "éva"),
        ("ﬁnn", "Finn"),
        (" ann ", "ann"),
        ("\u1fb3", "\u03b1\u03b9"),
    ],
)
def test_two_ways_to_write_one_name_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "anna"), ("ann", "an n"), ("ı", "i"), ("éva", "eva"), ("аnn", "ann")]
)
def test_two_names_that_only_look_alike_are_not_the_same(one: str, other: str) -> None:
    # CVE-2019-19844: a mail for the one would go to the other.
    assert fold(one) != fold(other)


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_folding_again_changes_nothing_and_case_does_not_matter(text: str) -> None:
    folded = fold(text)
    assert folded in (fold(folded), "") or len(folded) > 254
    assert fold(unicodedata.normalize("NFD", text)) == folded


def test_what_no_table_can_hold_is_nobodys_name() -> None:
    assert fold("ann\0@example.com") == ""


def test_what_is_too_long_to_be_a_name_is_the_same_as_none() -> None:
    assert (len(fold("n" * 254)), fold("n" * 255)) == (254, "")
    # One character of Arabic script folds to 18: the limit is on what is compared, too.
    longest = "ﷺ" * 55 + "n" * 10
    assert (len(fold(longest)), fold(longest + "n")) == (1_000, "")


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("J. R. Smith", "J. R. Smith"),
        ("  Ann   Smith ", "Ann Smith"),
        ("Ann\nSmith", "Ann Smith"),
        ("n" * 60, "n" * 60),
        ("n" * 61, ""),
        ("a\\b", ""),
        ("a.b", "a.b"),
        ("a.bc", ""),
        ("an\u200bn", ""),
    ],
)
def test_mail_greets_by_a_name_and_by_nothing_else(name: str, greeting: str) -> None:
    assert find_greeting(name) == greeting
