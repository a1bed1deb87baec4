"""Every parser of `bistro.http` against 100 kB of what is worst for it (security.md, rows 3-10, 22, 30, 72, 73, 95)."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bistro.http.conditional import evaluate_preconditions, is_range_current, parse_etags
from bistro.http.content_disposition import content_disposition
from bistro.http.cookies import make_set_cookie, parse_cookies
from bistro.http.dates import parse_http_date
from bistro.http.errors import BadRequest
from bistro.http.event_stream import frame_data
from bistro.http.forms import parse_content_type, parse_urlencoded
from bistro.http.headers import Headers, HeaderValueError, check_header
from bistro.http.negotiation import choose_encoding, choose_language, choose_media_type, parse_accept
from bistro.http.parameters import parse_parameters, split_outside_quotes
from bistro.http.ranges import parse_range
from bistro.http.url import (
    check_redirect_target,
    encode_query,
    parse_host,
    parse_query,
    quote_path,
    quote_path_segment,
    unquote_path,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def refused(function: Callable[[str], object]) -> Callable[[str], object]:
    """`function` with what the site's own mistakes raise turned into a refusal, so that it can be timed."""

    def call(text: str) -> object:
        try:
            return function(text)
        except HeaderValueError:
            raise BadRequest from None

    return call


def refuse_values(value: object) -> bytes:
    raise AssertionError(f"text is sent as it is, so {value!r} needs no encoder")


PARSERS: dict[str, Callable[[str], object]] = {
    "cookies": parse_cookies,
    "set cookie": refused(lambda text: make_set_cookie("a", text)),
    "set cookie path": refused(lambda text: make_set_cookie("a", "b", path="/" + text, domain=text)),
    "query": parse_query,
    "urlencoded": lambda text: parse_urlencoded(text.encode()),
    "encode query": lambda text: encode_query({"a": text}),
    "path": unquote_path,
    "quote path": quote_path,
    "quote segment": quote_path_segment,
    "host": parse_host,
    "redirect": lambda text: check_redirect_target(text, ["example.com"]),
    "redirect to a host": lambda text: check_redirect_target("https://" + text, ["example.com"]),
    "content type": parse_content_type,
    "content type parameters": lambda text: parse_content_type("multipart/form-data; " + text),
    "parameters": lambda text: parse_parameters("a;" + text),
    "event data": lambda text: frame_data(text, refuse_values),
    "list": lambda text: split_outside_quotes(text, ","),
    "accept": parse_accept,
    "media type": lambda text: choose_media_type(text, ["text/html", "application/json"]),
    "language": lambda text: choose_language(text, ["en", "de-CH"]),
    "encoding": lambda text: choose_encoding(text, ["br", "gzip"]),
    "etags": parse_etags,
    "preconditions": lambda text: evaluate_preconditions(
        "GET", lambda _: text, etag='"a"', last_modified=NOW
    ),
    "if-range": lambda text: is_range_current(text, etag='"a"', last_modified=NOW),
    "range": lambda text: parse_range(text, 1000),
    "range set": lambda text: parse_range("bytes=" + text, 10**9),
    "date": parse_http_date,
    "header": refused(lambda text: check_header(text or "a", text)),
    "download name": lambda text: content_disposition("attachment", text),
    "header lookup": lambda text: Headers([(b"a", b"b")]).get(text),
}

# The same without the limits that make the worst of it a refusal: slower, but in proportion.
UNLIMITED: dict[str, Callable[[str], object]] = {
    "cookies": lambda text: parse_cookies(text, size_max=10**6, count_max=10**6),
    "query": lambda text: parse_query(text, fields_max=10**6),
    "parameters": lambda text: parse_parameters("a;" + text, count_max=10**6),
    "accept": lambda text: parse_accept(text, count_max=10**6),
    "etags": lambda text: parse_etags(text, count_max=10**6),
    "range": lambda text: parse_range("bytes=" + text, 10**9, count_max=10**6),
}

UNITS = [
    "a", "0", " ", "\t", '"', "\\", '\\"', '"\\', ";", ",", "=", "&", "%", "%2", "%41", "%ff", "%C3", "%F0%9F%8D%B5", "+",
    "/", "//", "/\\", ".", "..", "../", ":", "[", "]", "@", "-", "0-", "-0", "5-1,", "0-0,", "0-1,1-2,", "\r\n", "\0", "é",
    "\u212a", "\uff0f", "\u0300", "a=b;", "a=b; ", "a=b&", "a[]=&", 'a="b;', 'a="', '; a="', ';a="\\', ", ;", ";q=0.1,",
    "a/b;q=1,", "text/*, ", 'W/"a",', "W/", '"a", ', "1.", "0x", "255.", "a.", "a-", "Sun, ", "\\000", '"\\000', "$", "*",
]  # fmt: skip


@pytest.mark.parametrize("parser", PARSERS)
def test_parser_is_linear_in_the_worst_texts(parser, assert_linear):
    for unit in UNITS:
        assert_linear(PARSERS[parser], lambda size, unit=unit: (unit * (size // len(unit) + 1))[:size])


@pytest.mark.parametrize("parser", UNLIMITED)
def test_parser_without_its_limits_is_still_linear(parser, assert_linear):
    for unit in UNITS:
        assert_linear(UNLIMITED[parser], lambda size, unit=unit: unit * (size // len(unit)), seconds_max=0.5)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        ('a="', "\\", ""),  # an open quote full of escapes
        ('a="', ";", ""),  # CVE-2026-28356: separators in an open quote
        ('!="', "\\\\", ""),  # CVE-2024-24762
        ("a=", '"', '"x'),
        ("a", " ", "b"),
        ("a=", " ", ";b"),
        ("bytes=", "0", "-"),  # CVE-2025-62727
        ("bytes=0-", "9", ""),
        ("", "a/b;q=", "x"),
        ("https://", "a", "@evil"),
        ("http://", "/", "\\evil"),
        ("[", ":", "]"),
        ("[", "1:", "]"),
        ('"', "a", ""),
        ("/", "/", "evil"),
        ("", "a", "\n"),
        ("%", "f", ""),
    ],
)
def test_parser_is_linear_in_texts_with_an_end(parser, before, unit, after, assert_linear):
    assert_linear(PARSERS[parser], lambda size: before + unit * (size // len(unit)) + after)
