"""Text made safe: what goes in may be anything, what comes out is fit for its place."""

from __future__ import annotations

import ntpath
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bistro.ground.text import (
    Markup,
    did_you_mean,
    escape,
    escape_control_characters,
    safe_file_name,
    slugify,
)

ANY_TEXT = st.text(st.characters(), max_size=300)  # lone surrogates included


def test_escape_makes_html_harmless_and_leaves_markup_alone():
    assert escape("<b>\"'&") == "&lt;b&gt;&#34;&#39;&amp;"
    assert escape(Markup("<b>")) == "<b>"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Crème brûlée", "creme-brulee"),
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("Ærø & Þingvellir", "aero-thingvellir"),
        ("  --  ", ""),
        ("C++ / 2nd edition", "c-2nd-edition"),
        ("ﬁne ½", "fine-12"),
        ("Привет", ""),
    ],
)
def test_slug_of_a_title(text: str, slug: str):
    assert slugify(text) == slug


def test_slug_is_cut_between_words():
    assert slugify("one two three four", length_max=10) == "one-two"


def test_slug_that_fits_exactly_is_not_cut():
    assert slugify("one two", length_max=7) == "one-two"
    assert slugify("one two three", length_max=7) == "one-two"


def test_slug_of_one_long_word_is_cut_in_the_word():
    assert slugify("a" * 100, length_max=10) == "a" * 10


@given(ANY_TEXT)
def test_slug_holds_only_lower_case_ascii_words(text: str):
    slug = slugify(text, length_max=20)

    assert len(slug) <= 20
    assert slug == "" or all(
        word.isascii() and word.isalnum() and word == word.lower() for word in slug.split("-")
    )
    assert slugify(slug, length_max=20) == slug


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Jahresbericht 2026 (Entwurf).pdf", "Jahresbericht 2026 (Entwurf).pdf"),
        ("файл.txt", "файл.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("\\\\host\\share\\x", "x"),
        ("/etc/x", "x"),
        ("a\0b.txt", "ab.txt"),
        ("..", "file"),
        ("", "file"),
        ("folder/", "file"),
        ("...", "file"),
        (".htaccess", "htaccess"),
        ("name. . ", "name"),
        ("notes.txt::$DATA", "notes.txt__$DATA"),
        ("C:x", "C_x"),
        ('a"b<c>.txt', "a_b_c_.txt"),
        ("con", "_con"),
        ("AUX.txt", "_AUX.txt"),
        ("aux .tar.gz", "_aux .tar.gz"),
        ("com1.log", "_com1.log"),
        ("lpt²", "_lpt²"),
        ("console.txt", "console.txt"),
        ("exe\u202etxt.gpj", "exetxt.gpj"),
        ("a\u200bb", "ab"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("\ud800.png", "png"),
    ],
)
def test_file_name_of_a_client_is_made_safe(sent: str, name: str):
    assert safe_file_name(sent) == name


def test_percent_escapes_are_not_decoded_a_second_time():
    assert safe_file_name("..%2fetc%2fpasswd") == "%2fetc%2fpasswd"


def test_name_to_use_where_nothing_is_left_can_be_chosen():
    assert safe_file_name("///", default="upload") == "upload"


def test_long_file_name_is_cut_to_255_bytes_and_keeps_its_suffix():
    name = safe_file_name("ä" * 10_000 + ".jpeg")

    assert name.endswith("ä.jpeg")
    assert len(name.encode()) in (254, 255)


def test_suffix_that_is_no_suffix_is_cut_with_the_rest():
    assert len(safe_file_name("a." + "b" * 10_000)) == 255


def is_reserved_on_windows(name: str) -> bool:
    # Moved from one to the other in Python 3.13.
    moved = getattr(ntpath, "isreserved", None)
    return moved(name) if moved else PureWindowsPath(name).is_reserved()


@given(ANY_TEXT)
@example("a" * 254 + ".b")
@example(" " * 300 + "con")
@example("x" * 240 + ". ." + "y" * 20 + ".txt")
@example("\u00a0con\u00a0")
def test_every_file_name_is_safe_on_every_system(sent: str):
    name = safe_file_name(sent)

    assert 1 <= len(name.encode("utf-8")) <= 255
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name
    assert not is_reserved_on_windows(name)
    assert not name.startswith(".")
    assert name == name.strip()
    assert not any(unicodedata.category(character).startswith("C") for character in name)
    assert safe_file_name(name) == name


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text, ünïcödé, 日本", "plain text, ünïcödé, 日本"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("a\tb", "a\\tb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("\ud800", "\\ud800"),
        ("abc\u202ecba", "abc\\u202ecba"),
        ("no-break\u00a0space", "no-break\u00a0space"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, escaped: str):
    assert escape_control_characters(text) == escaped


@given(ANY_TEXT)
def test_escaped_text_is_one_line_that_can_be_encoded(text: str):
    escaped = escape_control_characters(text)

    escaped.encode("utf-8")
    assert len(escaped.splitlines()) <= 1
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in escaped)


def test_nearest_candidate_is_proposed():
    assert did_you_mean("databse_url", ["database_url", "secret_key"]) == "database_url"
    assert did_you_mean("Prodution", ["production", "testing"]) == "production"


def test_nothing_is_proposed_where_nothing_is_near():
    assert did_you_mean("zebra", ["database_url", "secret_key"]) is None
    assert did_you_mean("x", []) is None


def test_a_word_of_a_million_letters_does_not_hold_up_the_proposal(assert_linear):
    assert_linear(lambda text: did_you_mean(text, ["a" * 30] * 50), lambda n: "a" * n)


@pytest.mark.parametrize(
    "unit", ["a", "é", "\u0301", "\u0315\u0301", "-", "ﷺ", "\ud800", " .", "\\", "\n", "\u202e", "con."]
)
def test_functions_on_text_are_linear(unit: str, assert_linear):
    def make(size: int) -> str:
        return (unit * size)[:size]

    for function in (slugify, safe_file_name, escape_control_characters, escape):
        assert_linear(function, make)
