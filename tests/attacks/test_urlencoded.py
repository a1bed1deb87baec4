"""Attacks with query strings and URL-encoded forms (security.md, rows 3, 37, 67, 95, 97)."""

import time

import pytest

from bistro.http.errors import BadRequest, ContentTooLarge, HttpError, UnsupportedMediaType
from bistro.http.forms import parse_content_type, parse_urlencoded, require_utf8
from bistro.http.url import parse_query
from tests.timing import is_within


@pytest.mark.parametrize("count", [1001, 100_000])
def test_form_with_too_many_fields_is_refused_before_it_is_read(count):
    # CVE-2026-54283: limits that hold for multipart only.
    with pytest.raises(ContentTooLarge):
        parse_urlencoded(b"&".join([b"a=%zz"] * count))


@pytest.mark.parametrize("count", [1001, 100_000])
def test_query_with_too_many_fields_is_refused_before_it_is_read(count):
    with pytest.raises(BadRequest, match="more than 1000 fields"):
        parse_query("&".join(["a=%zz"] * count))


def test_empty_fields_count_as_well():
    with pytest.raises(ContentTooLarge):
        parse_urlencoded(b"&" * 100_000)


def test_semicolon_does_not_separate_fields():
    # CVE-2021-23336: a cache that knows only `&` would see another request than the site.
    assert parse_query("a=1;b=2").multi_items() == [("a", "1;b=2")]
    assert parse_urlencoded(b"a=1;b=2").multi_items() == [("a", "1;b=2")]


def test_encoded_separators_do_not_separate():
    assert parse_query("a=1%26b=2%3Dc").multi_items() == [("a", "1&b=2=c")]


def test_fields_are_decoded_once():
    assert parse_query("a=%2526")["a"] == "%26"


def test_first_of_equal_fields_is_given_and_all_can_be_seen():
    # ASVS 15.3.7: parameter pollution is visible instead of silent.
    fields = parse_query("role=user&role=admin")
    assert fields["role"] == "user"
    assert fields.get_all("role") == ["user", "admin"]


@pytest.mark.parametrize("name", ["__class__", "__proto__", "a[b]", "a[]", "a.b", "constructor[prototype]"])
def test_name_of_a_field_is_only_a_name(name):
    assert parse_urlencoded(f"{name}=1".encode()).multi_items() == [(name, "1")]


@pytest.mark.parametrize(
    "text", ["a=%C0%AF", "a=%E0%80%AF", "a=%C1%9C", "a=%F0%80%80%AF", "a=%ED%A0%80%ED%B0%80", "a=%FE%FF"]
)
def test_overlong_and_surrogate_utf_8_is_refused(text):
    with pytest.raises(BadRequest):
        parse_query(text)
    with pytest.raises(BadRequest):
        parse_urlencoded(text.encode())


@pytest.mark.parametrize(
    "charset", ["utf-7", "rot13", "zlib", "unicode_escape", "utf-16", "idna", "base64", "hex", "x" * 9000]
)
def test_charset_of_a_form_is_never_looked_up(charset):
    with pytest.raises(UnsupportedMediaType):
        parse_urlencoded(b"a=1", charset=charset)


@pytest.mark.parametrize(
    "header",
    [
        'application/x-www-form-urlencoded; !="' + "\\\\" * 15_000,
        "application/x-www-form-urlencoded;" + ";" * 30_000 + '"',
        'application/x-www-form-urlencoded; charset="' + ";" * 30_000,
        "application/x-www-form-urlencoded" + "; a=b" * 30_000,
        "application/x-www-form-urlencoded; charset=utf-8; charset=utf-7",
    ],
)
def test_content_type_made_to_be_slow_or_ambiguous_is_refused(header):
    with pytest.raises(HttpError) as caught:
        require_utf8(parse_content_type(header)[1].get("charset"))
    assert caught.value.status in (400, 415)


def test_20_000_invalid_bytes_are_refused_at_once(assert_linear):
    assert_linear(parse_query, lambda size: "%ff" * (size // 3))


@pytest.mark.timed
def test_2_mib_of_escapes_do_not_hold_the_event_loop():
    body = b"a=" + b"%41a" * 500_000

    def seconds() -> float:
        start = time.thread_time()
        parse_urlencoded(body)
        return time.thread_time() - start

    # security.md §1.3: nothing holds the loop for more than 50 ms.
    assert is_within(min(seconds() for _ in range(10)), 0.05)


def test_number_with_a_million_digits_is_just_a_text():
    assert len(parse_urlencoded(b"n=" + b"9" * 900_000)["n"]) == 900_000
