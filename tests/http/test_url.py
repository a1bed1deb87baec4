"""Query strings, paths, hosts and redirect targets."""

from datetime import date
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.multidict import MultiDict
from bistro.http.errors import BadRequest
from bistro.http.url import (
    Url,
    check_redirect_target,
    encode_query,
    is_local_redirect,
    parse_host,
    parse_query,
    quote_path,
    quote_path_segment,
    unquote_path,
)

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("a=1", [("a", "1")]),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("=1", [("", "1")]),
        ("a=b=c", [("a", "b=c")]),
        ("&&a=1&", [("a", "1")]),
        ("a=1+2", [("a", "1 2")]),
        ("a=1%2B2", [("a", "1+2")]),
        ("a%3D=%26", [("a=", "&")]),
        ("q=w%C3%B6rld", [("q", "wörld")]),
        ("q=w%c3%b6rld", [("q", "wörld")]),
        ("q=%E2%82%AC%F0%9F%8D%B5", [("q", "€🍵")]),
        ("a=%00", [("a", "\0")]),
        ("a=%0D%0A", [("a", "\r\n")]),
        ("a_b=1_2", [("a_b", "1_2")]),
        ("a=%3d%3D==", [("a", "====")]),
    ],
)
def test_query_is_read(text, pairs):
    assert parse_query(text).multi_items() == pairs


@pytest.mark.parametrize(
    "text", ["a=%", "a=%4", "a=%zz", "a=%4g", "%=1", "a=%%41", "a=%u0041", "a=% 1", "a=%+1"]
)
def test_invalid_escape_is_refused(text):
    with pytest.raises(BadRequest, match="hexadecimal"):
        parse_query(text)


@pytest.mark.parametrize(
    "text", ["a=%FF", "a=%C3", "a=%C3x", "a=%ED%A0%80", "a=%C0%AF", "a=%F4%90%80%80", "%FF=1", "a=%C3&b=%BC"]
)
def test_invalid_utf_8_is_refused(text):
    with pytest.raises(BadRequest, match="UTF-8"):
        parse_query(text)


def test_as_many_fields_as_allowed_are_read():
    assert len(parse_query("&".join(f"a{n}=1" for n in range(1000)))) == 1000


def test_more_fields_than_allowed_are_refused():
    with pytest.raises(BadRequest, match="more than 1000 fields"):
        parse_query("&".join(f"a{n}=1" for n in range(1001)))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=10))
def test_every_query_reads_back(pairs):
    pairs = [pair for pair in pairs if pair != ("", "")]
    assert parse_query(encode_query(pairs)).multi_items() == pairs


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=10))
def test_queries_of_the_standard_library_are_read_alike(pairs):
    text = urlencode(pairs)
    assert parse_query(text).multi_items() == parse_qsl(text, keep_blank_values=True, strict_parsing=False)


@given(st.binary(max_size=100))
def test_escapes_are_decoded_as_the_standard_library_does(data):
    text = "a=" + quote(data, safe="=")
    try:
        expected = unquote_to_bytes(text[2:]).decode()
    except UnicodeDecodeError:
        with pytest.raises(BadRequest):
            parse_query(text)
    else:
        assert parse_query(text)["a"] == expected


@given(st.text(max_size=60))
def test_any_query_is_read_or_refused(text):
    try:
        parse_query(text)
    except BadRequest as error:
        assert error.status == 400


def test_query_is_written_from_values_of_many_kinds():
    query = {"page": 2, "all": True, "none": None, "tag": ["a", "b"], "price": 1.5, "q": "a b&c"}
    assert encode_query(query) == "page=2&all=true&tag=a&tag=b&price=1.5&q=a+b%26c"


def test_query_is_written_from_all_values_of_a_multidict():
    assert encode_query(MultiDict([("a", "1"), ("b", "2"), ("a", "3")])) == "a=1&b=2&a=3"


def test_lone_surrogate_in_a_query_to_write_is_refused():
    with pytest.raises(ValueError):
        encode_query({"a": "\ud800"})


def test_other_values_are_written_as_their_text():
    assert encode_query([("day", str(date(2026, 11, 22)))]) == "day=2026-11-22"


def test_segment_has_its_slashes_encoded():
    assert quote_path_segment("a/b c?d#e%ü") == "a%2Fb%20c%3Fd%23e%25%C3%BC"


def test_segment_keeps_what_a_path_may_hold():
    # RFC 3986 §3.3, pchar.
    assert quote_path_segment("a-b._~!$&'()*+,;=:@") == "a-b._~!$&'()*+,;=:@"


def test_path_keeps_its_slashes():
    assert quote_path("/a b/ü") == "/a%20b/%C3%BC"


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_every_path_reads_back(text):
    assert unquote_path(quote_path(text)) == text
    assert unquote_path(quote_path_segment(text)) == text


@pytest.mark.parametrize("path", ["/%", "/%f", "/%zz", "/%ff", "/%C0%AF", "/%ED%A0%80"])
def test_path_that_cannot_be_decoded_is_refused(path):
    with pytest.raises(BadRequest):
        unquote_path(path)


def test_plus_in_a_path_is_a_plus():
    assert unquote_path("/1+1") == "/1+1"


def test_path_is_decoded_only_once():
    assert unquote_path("/%252e%252e") == "/%2e%2e"


@pytest.mark.parametrize("path", ["/a%00b", "/a\0b"])
def test_path_with_nul_is_refused(path):
    with pytest.raises(BadRequest, match="NUL"):
        unquote_path(path)


@pytest.mark.parametrize(
    ("header", "host", "port"),
    [
        ("example.com", "example.com", None),
        ("EXAMPLE.com:8000", "example.com", 8000),
        ("example.com.", "example.com", None),
        ("localhost:1", "localhost", 1),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ("my_service", "my_service", None),
        ("127.0.0.1:65535", "127.0.0.1", 65535),
        ("255.255.255.255", "255.255.255.255", None),
        ("[::1]", "[::1]", None),
        ("[2001:DB8::1]:443", "[2001:db8::1]", 443),
        ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", None),
        ("1.2.3.4.example.com", "1.2.3.4.example.com", None),
    ],
)
def test_host_and_port_are_read(header, host, port):
    assert parse_host(header) == (host, port)


def test_url_is_written_from_its_parts():
    assert str(Url("http", "example.com", 8000, "/a", "b=1")) == "http://example.com:8000/a?b=1"


def test_url_leaves_the_port_of_its_scheme_out():
    assert str(Url("https", "example.com", 443)) == "https://example.com/"


def test_origin_is_what_browsers_send():
    assert Url("http", "[::1]", 8000, "/a").origin == "http://[::1]:8000"


@pytest.mark.parametrize(
    "url", ["/", "/a/b?c=d#e", "?page=2", "#top", "/a%20b", "/über", "/@evil", "/a//b", "/a:b"]
)
def test_redirect_within_the_site_is_local(url):
    assert is_local_redirect(url)


def test_local_redirect_comes_back_fit_for_a_header():
    assert check_redirect_target("/über?q=€") == "/%C3%BCber?q=%E2%82%AC"


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example", "http://shop.example/a?b#c", "HTTPS://SHOP.EXAMPLE/", "https://shop.example:443/",
        "http://shop.example:80", "https://other.example:8443/a", f"https://shop.example/{'a' * 2_027}",
    ],
)  # fmt: skip
def test_redirect_to_an_allowed_host_passes(url):
    assert check_redirect_target(url, ["shop.example", "other.example:8443"]) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.evil/", "https://evil/shop.example", "https://shop.example@evil/", "ftp://shop.example/",
        "https://shop.example:8443/", "https://other.example/", "//shop.example/", "https:shop.example",
        "https:/shop.example", "https:///shop.example", "https://shop.example\\@evil", "https://shop.éxample/",
        "https://shop.example/a\\b", "https://", "shop.example", "https://shopxexample/",
        "https://shop.example/\r\nset-cookie: a=b", "https://shop.example/a\tb", "https://shop.example/\x7f",
        "https://shop.example\n", "https://shop.example/é", f"https://shop.example/{'a' * 2_028}",
    ],
)  # fmt: skip
def test_redirect_to_any_other_host_is_refused(url):
    with pytest.raises(BadRequest, match="leave this site"):
        check_redirect_target(url, ["shop.example", "other.example:8443"])
