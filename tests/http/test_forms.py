"""Content types and URL-encoded forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from bistro.http.forms import decode_utf8, parse_content_type, parse_urlencoded, require_utf8
from bistro.http.url import encode_query

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


def test_form_is_read():
    assert parse_urlencoded(b"name=Ada+Lovelace&tag=a&tag=%C3%BC").multi_items() == [
        ("name", "Ada Lovelace"), ("tag", "a"), ("tag", "ü"),
    ]  # fmt: skip


def test_empty_form_has_no_fields():
    assert len(parse_urlencoded(b"")) == 0


def test_raw_utf_8_is_read_too():
    assert parse_urlencoded("name=Zoë".encode())["name"] == "Zoë"


def test_body_that_is_not_utf_8_is_refused():
    with pytest.raises(BadRequest, match="form isn't UTF-8"):
        parse_urlencoded(b"name=\xff")


def test_invalid_escape_names_the_form():
    with pytest.raises(BadRequest, match="form has a percent sign"):
        parse_urlencoded(b"name=%zz")


def test_as_many_fields_as_allowed_are_read():
    assert len(parse_urlencoded(b"a=1&b=2", fields_max=2)) == 2


def test_more_fields_than_allowed_are_too_large():
    with pytest.raises(ContentTooLarge, match="more than 2 fields"):
        parse_urlencoded(b"a=1&b=2&c=3", fields_max=2)


@pytest.mark.parametrize("charset", [None, "utf-8", "UTF-8", "utf8", "us-ascii"])
def test_utf_8_is_accepted_by_its_names(charset):
    assert parse_urlencoded(b"a=1", charset=charset)["a"] == "1"


@pytest.mark.parametrize(
    "charset", ["latin-1", "utf-7", "utf-16", "rot13", "zlib", "unicode_escape", "idna", "", "\0"]
)
def test_every_other_charset_is_refused(charset):
    with pytest.raises(UnsupportedMediaType, match="UTF-8"):
        require_utf8(charset)


def test_form_in_another_charset_is_not_read():
    with pytest.raises(UnsupportedMediaType):
        parse_urlencoded(b"a=+AGE-", charset="utf-7")


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=10))
def test_every_form_reads_back(pairs):
    pairs = [pair for pair in pairs if pair != ("", "")]
    assert parse_urlencoded(encode_query(pairs).encode()).multi_items() == pairs


@given(st.binary(max_size=100))
def test_any_body_is_read_or_refused(body):
    try:
        parse_urlencoded(body)
    except BadRequest as error:
        assert error.status == 400


@pytest.mark.parametrize(
    ("header", "result"),
    [
        ("text/html", ("text/html", {})),
        ("Text/HTML; Charset=UTF-8", ("text/html", {"charset": "UTF-8"})),
        ("application/problem+json", ("application/problem+json", {})),
        ('multipart/form-data; boundary="a b"', ("multipart/form-data", {"boundary": "a b"})),
        ("text/plain;", ("text/plain", {})),
    ],
)
def test_content_type_is_read(header, result):
    assert parse_content_type(header) == result


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text",
        "/",
        "text/",
        "/html",
        "text/html/x",
        "te xt/html",
        "text/html; a",
        'text/html; a="',
        "a/b, c/d",
        "text/hтml",
    ],
)
def test_malformed_content_type_is_refused(header):
    with pytest.raises(BadRequest, match="Content-Type is malformed"):
        parse_content_type(header)


def test_decoding_names_what_is_not_utf_8():
    with pytest.raises(BadRequest, match="The field isn't UTF-8"):
        decode_utf8(b"\xff", "field")
