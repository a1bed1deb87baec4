"""What to send, from what the client takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.negotiation import (
    Preference,
    choose_encoding,
    choose_language,
    choose_media_type,
    parse_accept,
)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def test_preferences_are_read_in_order():
    assert parse_accept("text/*;q=0.3, Text/HTML;level=1;q=0.7,*/*") == [
        Preference("text/*", 0.3),
        Preference("text/html", 0.7, {"level": "1"}),
        Preference("*/*"),
    ]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("", []),
        (" , ,", []),
        ("a;q=2, b", ["b"]),
        ("a;q=0.1234, b", ["b"]),
        ("a;q=-1, b", ["b"]),
        ("a;q=nan, b;q=1e0, c", ["c"]),
        ("a;q=٠.5, b", ["b"]),
        ("a;q=, b", ["b"]),
        ("a;q, b", ["b"]),
        (";q=1, b", ["b"]),
        ("a;q=0.5;q=1, b", ["b"]),
        ("A/B;q=0.5, C/D;x=1", ["a/b", "c/d"]),
        ('a;x=",", b', ["a", "b"]),
        ('a;x=", b', []),
    ],
)
def test_malformed_preferences_are_left_out(header, values):
    assert [each.value for each in parse_accept(header)] == values


def test_only_a_parameter_called_q_is_the_quality():
    assert parse_accept("a/b;x=0.5, a/c;Q=0.5, a/d;qs=0.5, a/e;v=0.1;q=0.5") == [
        Preference("a/b", 1.0, {"x": "0.5"}),
        Preference("a/c", 0.5),
        Preference("a/d", 1.0, {"qs": "0.5"}),
        Preference("a/e", 0.5, {"v": "0.1"}),
    ]


def test_no_more_than_64_preferences_are_read():
    assert len(parse_accept(",".join(f"a/{n}" for n in range(100)))) == 64


@pytest.mark.parametrize(
    ("accept", "offered", "chosen"),
    [
        # No wish: the site's order.
        (None, ["text/html", "application/json"], "text/html"),
        ("", ["text/html"], "text/html"),
        ("*/*", ["application/json", "text/html"], "application/json"),
        ('broken "', ["text/html"], "text/html"),
        # Browsers, curl, fetch and axios.
        (CHROME, ["application/json", "text/html"], "text/html"),
        (CHROME, ["application/json"], "application/json"),
        ("application/json, text/plain, */*", ["text/html", "application/json"], "application/json"),
        # Quality before the site's order.
        ("text/html;q=0.5, application/json", ["text/html", "application/json"], "application/json"),
        ("text/html;q=0.001, application/json;q=0", ["application/json", "text/html"], "text/html"),
        # The most exact range decides (RFC 9110 §12.5.1).
        ("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5", ["text/html"], "text/html"),
        ("text/*, text/html;q=0", ["text/html"], None),
        ("*/*;q=0, text/html", ["application/json", "text/html"], "text/html"),
        ("text/*;q=0, */*", ["text/html", "image/png"], "image/png"),
        # Nothing fits.
        ("image/png", ["text/html"], None),
        ("text/html;q=0", ["text/html"], None),
        ("*/html", ["text/html"], None),
        ("text/html", [], None),
        (None, [], None),
        # Parameters.
        ("text/html;level=1", ["text/html"], None),
        ("text/html;level=1", ["text/html;level=1", "text/html"], "text/html;level=1"),
        ("text/html", ["text/html; charset=utf-8"], "text/html; charset=utf-8"),
        ("TEXT/HTML", ["Text/Html"], "Text/Html"),
    ],
)
def test_media_type_is_chosen(accept, offered, chosen):
    assert choose_media_type(accept, offered) == chosen


@pytest.mark.parametrize(
    ("media_type", "quality"),
    [
        ("text/plain;format=flowed", 1.0),
        ("text/plain", 0.7),
        ("text/html", 0.3),
        ("image/jpeg", 0.5),
        ("text/plain;format=fixed", 0.4),
        ("text/html;level=3", 0.3),
    ],
)
def test_example_of_the_standard_gives_its_qualities(media_type, quality):
    # RFC 9110 §12.5.1, table 5. Another type of a known quality finds out which quality is given.
    accept = (
        "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5"
    )
    better = f"{accept}, x-probe/a;q={min(1.0, quality + 0.001):.3f}"
    worse = f"{accept}, x-probe/a;q={quality - 0.001:.3f}"
    if quality < 1:
        assert choose_media_type(better, [media_type, "x-probe/a"]) == "x-probe/a"
    assert choose_media_type(worse, [media_type, "x-probe/a"]) == media_type


@pytest.mark.parametrize(
    ("header", "offered", "chosen"),
    [
        (None, ["en", "de"], "en"),
        ("", ["en"], "en"),
        ("de", ["en", "de"], "de"),
        ("de-CH", ["en", "de"], "de"),
        ("de", ["en", "de-CH"], "de-CH"),
        ("de-CH, de;q=0.9", ["de", "de-CH"], "de-CH"),
        ("da, en-gb;q=0.8, en;q=0.7", ["en", "en-GB"], "en-GB"),
        ("fr, de;q=0.5", ["de"], "de"),
        ("fr;q=0.5, de", ["fr", "de"], "de"),
        ("fr, de", ["de", "fr"], "fr"),
        ("zh-Hant-CN-x", ["zh-Hant", "zh"], "zh-Hant"),
        ("*", ["en", "de"], "en"),
        ("en;q=0, *", ["en", "de"], "de"),
        ("de;q=0", ["de"], None),
        ("de;q=0", ["de-CH"], None),
        ("*;q=0", ["en"], None),
        ("fr, *;q=0", ["de", "fr"], "fr"),
        ("DE-ch;q=0.5, FR", ["fr", "de"], "fr"),
        ("fr", ["en"], None),
        ("e", ["en"], None),
        ("*", [], None),
        ("i" * 60_000, ["en"], None),
    ],
)
def test_language_is_chosen(header, offered, chosen):
    assert choose_language(header, offered) == chosen


@pytest.mark.parametrize(
    ("header", "offered", "chosen"),
    [
        (None, ["gzip"], None),
        ("", ["gzip"], None),
        ("gzip", ["gzip"], "gzip"),
        ("GZIP", ["gzip"], "gzip"),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip"], "zstd"),
        ("gzip;q=1.0, br;q=0.5", ["br", "gzip"], "gzip"),
        ("*", ["br", "gzip"], "br"),
        ("*, br;q=0", ["br", "gzip"], "gzip"),
        ("gzip;q=0", ["gzip"], None),
        ("identity, gzip;q=0.5", ["gzip"], None),
        ("identity;q=0.5, gzip", ["gzip"], "gzip"),
        ("identity;q=0", ["gzip"], None),
        ("deflate", ["gzip"], None),
        ("gzip", [], None),
    ],
)
def test_encoding_is_chosen(header, offered, chosen):
    assert choose_encoding(header, offered) == chosen


@given(
    st.text(max_size=100),
    st.lists(st.sampled_from(["text/html", "application/json", "de", "gzip"]), max_size=3),
)
def test_no_wish_is_an_error(header, offered):
    assert choose_media_type(header, offered) in [None, *offered]
    assert choose_language(header, offered) in [None, *offered]
    assert choose_encoding(header, offered) in [None, *offered]
