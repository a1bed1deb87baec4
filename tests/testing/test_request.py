from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartParser

from bistro.http.url import Url, parse_query
from bistro.testing.request import build_request, make_exchange, parse_url

BASE = Url("http", "localhost")


def build(method: str = "GET", url: str = "/", defaults=None, **options):
    return build_request(method, url, BASE, defaults or {}, options)


def headers_of(request) -> dict[str, str]:
    return dict(request.headers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a?b=c", "http://localhost/a?b=c"),
        ("a", "http://localhost/a"),
        ("?x=1", "http://localhost/?x=1"),
        ("/a#b", "http://localhost/a"),
        ("https://Shop.example:8443/a", "https://shop.example:8443/a"),
        ("http://shop.example", "http://shop.example/"),
        ("http://shop.example?x=1", "http://shop.example/?x=1"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("/é x", "http://localhost/%C3%A9%20x"),
    ],
)
def test_url_is_completed(text, expected):
    assert str(parse_url(text, BASE)) == expected


@pytest.mark.parametrize("path", ["/a/../../etc/passwd", "//evil.example/", "/%2e%2e/%00", "/a%ZZ", "/a//b"])
def test_odd_paths_are_sent_as_they_stand(path):
    # A test of traversal would prove nothing if the client tidied its path.
    assert make_exchange(build(url=path), "").raw_path == path


@given(st.text())
def test_any_text_becomes_a_target_that_a_request_line_can_hold(text):
    target = make_exchange(build(url="/" + text.encode("utf-8", "replace").decode()), "")
    assert f"{target.raw_path}?{target.query_string}".isprintable()


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_parameters_come_back_as_they_were_given(pairs):
    request = build(url="/?first=1", params=pairs)
    assert parse_query(request.url.query).multi_items() == [
        ("first", "1"),
        *[(name, value) for name, value in pairs],
    ] or any(not name and not value for name, value in pairs)


def test_parameters_join_those_of_the_url():
    request = build(url="/?a=1", params={"b": [2, 3], "c": None, "d": True})
    assert request.url.query == "a=1&b=2&b=3&d=true"


def test_request_says_who_it_is_and_where_it_goes():
    headers = headers_of(build(url="https://shop.example:8443/"))
    assert headers == {"host": "shop.example:8443", "user-agent": "bistro-test-client", "accept": "*/*"}


def test_standard_port_is_left_out_of_the_host():
    assert headers_of(build(url="https://shop.example:443/"))["host"] == "shop.example"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_unsafe_methods_come_from_the_sites_own_pages(method):
    assert headers_of(build(method))["sec-fetch-site"] == "same-origin"


def test_headers_of_the_call_win_over_the_clients_and_none_leaves_one_out():
    request = build(
        defaults={"Accept": "text/html", "X-Client": "1"},
        headers={"ACCEPT": "application/json", "user-agent": None},
    )
    assert headers_of(request) == {"host": "localhost", "accept": "application/json", "x-client": "1"}


def test_header_may_be_sent_twice():
    request = build(headers=[("x", "1"), ("X", "2")])
    assert [value for name, value in request.headers if name == "x"] == ["1", "2"]


def test_json_body_tells_its_type_and_length():
    request = build("POST", json={"a": [1, None]})
    assert request.body == b'{"a":[1,null]}'
    assert headers_of(request)["content-type"] == "application/json"
    assert headers_of(request)["content-length"] == "14"


def test_json_null_is_a_body():
    assert build("POST", json=None).body == b"null"


def test_form_body_is_url_encoded():
    request = build("POST", data={"a": "x y&z", "b": ["1", "2"]})
    assert request.body == b"a=x+y%26z&b=1&b=2"
    assert headers_of(request)["content-type"] == "application/x-www-form-urlencoded"


def test_text_content_is_utf_8():
    assert build("POST", content="é").body == "é".encode()


def test_empty_post_has_a_length_and_a_get_has_none():
    assert headers_of(build("POST"))["content-length"] == "0"
    assert "content-length" not in headers_of(build("GET"))


def test_body_in_pieces_has_no_length():
    headers = headers_of(build("POST", content=iter([b"x"])))
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers


def test_iterators_of_both_kinds_arrive_in_pieces():
    async def pieces():
        yield b"a"
        yield b"b"

    async def run(content):
        exchange = make_exchange(build("POST", content=content), "")
        return [piece async for piece in exchange.body_stream(10)]

    assert asyncio.run(run(pieces())) == asyncio.run(run(iter([b"a", b"b"]))) == [b"a", b"b"]


@pytest.mark.parametrize(
    "options", [{"json": 1, "content": b""}, {"data": {}, "json": 1}, {"files": {}, "content": b""}]
)
def test_two_bodies_are_refused(options):
    with pytest.raises(ValueError, match="one body"):
        build("POST", **options)


def parse_multipart(request):
    import io

    boundary = headers_of(request)["content-type"].partition("boundary=")[2]
    return list(MultipartParser(io.BytesIO(request.body), boundary))


def test_files_and_fields_are_multipart():
    request = build(
        "POST",
        data={"title": "Été"},
        files={"photo": ("a.png", b"\x00\r\n--", "image/png"), "more": [("b", b"1"), ("c", b"2")]},
    )
    parts = [
        (part.name, part.filename, part.content_type if part.filename else "", part.raw)
        for part in parse_multipart(request)
    ]
    assert parts == [
        ("title", None, "", "Été".encode()),
        ("photo", "a.png", "image/png", b"\x00\r\n--"),
        ("more", "b", "application/octet-stream", b"1"),
        ("more", "c", "application/octet-stream", b"2"),
    ]


@given(
    st.text(min_size=1, max_size=20).filter(lambda name: not set(name) & set('"\r\n\\')),
    st.binary(max_size=50),
)
def test_any_file_comes_through(name, content):
    [part] = parse_multipart(build("POST", files={"f": ("x", content)}, data={}))
    assert part.raw == content


def test_names_with_quotes_and_line_breaks_do_not_leave_their_place():
    request = build("POST", files={'a"; x="': ('b"\r\nEvil: 1', b"")})
    assert b"\r\nEvil" not in request.body
    assert b'name="a%22; x=%22"; filename="b%22%0D%0AEvil: 1"' in request.body


def test_own_cookie_header_wins_over_the_jar():
    exchange = make_exchange(build(headers={"cookie": "a=own"}, cookies={"b": "2"}), "c=3")
    assert exchange.find_header(b"cookie") == b"a=own"


def test_jar_and_cookies_of_the_call_are_one_header():
    exchange = make_exchange(build(cookies={"b": "2"}), "c=3")
    assert exchange.find_header(b"cookie") == b"c=3; b=2"
