"""Every byte that can be wrong with a request, sent to a real server as it runs in production.

Whatever comes: the answer is a 4xx or an ordinary one, never a 5xx, a traceback or a hang, and the
next client is served. The numbers are rows of the table of known holes in other frameworks.
"""

from __future__ import annotations

import gzip
import json
import socket
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.raw import (
    OTHERS_SECONDS_MAX,
    Heard,
    assert_clean,
    assert_serves,
    connect,
    get,
    listen,
    post,
    post_chunked,
    talk,
)
from tests.attacks.raw_site import port

__all__ = ["port"]
HOST = b"Host: localhost\r\n"
SMUGGLED = get("/texts/smuggled")
FORM = "application/x-www-form-urlencoded"


def line(text: bytes) -> bytes:
    """A request with this request line."""
    return text + b"\r\n" + HOST + b"\r\n"


def framed(headers: bytes, body: bytes = b"") -> bytes:
    """A POST with exactly these headers besides Host."""
    return b"POST /raw HTTP/1.1\r\n" + HOST + headers + b"\r\n\r\n" + body


REQUEST_LINES = {
    "no_path": line(b"GET HTTP/1.1"),
    "no_version": line(b"GET /"),
    "three_spaces": line(b"GET /  HTTP/1.1"),
    "a_tab": line(b"GET\t/ HTTP/1.1"),
    "a_space_first": b" " + get(),
    "a_form_feed": line(b"GET\x0c/ HTTP/1.1"),
    "version_3": line(b"GET / HTTP/3.0"),
    "version_1_10": line(b"GET / HTTP/1.10"),
    "version_letters": line(b"GET / HTTP/x.y"),
    "http_lower": line(b"GET / http/1.1"),
    "rtsp": line(b"GET / RTSP/1.0"),
    "method_unknown": line(b"BREW / HTTP/1.1"),
    "method_lower": line(b"get / HTTP/1.1"),
    "method_dunder": line(b"__INIT__ / HTTP/1.1"),
    "method_long": line(b"A" * 20_000 + b" / HTTP/1.1"),
    "method_nul": line(b"G\0T / HTTP/1.1"),
    "connect": line(b"CONNECT localhost:443 HTTP/1.1"),
    "path_star": line(b"GET * HTTP/1.1"),
    "path_without_slash": line(b"GET index HTTP/1.1"),
    "path_fragment": line(b"GET /#top HTTP/1.1"),
    "path_nul": line(b"GET /\0 HTTP/1.1"),
    "path_control": line(b"GET /\x1b[31m HTTP/1.1"),
    "path_delete": line(b"GET /\x7f HTTP/1.1"),
    "path_latin": line(b"GET /\xe9 HTTP/1.1"),
    "path_utf_8": line("GET /é HTTP/1.1".encode()),
    "path_other_scheme": line(b"GET file:///etc/passwd HTTP/1.1"),
    "path_other_host": line(b"GET http://evil.example/ HTTP/1.1"),
    "path_user": line(b"GET http://localhost@evil.example/ HTTP/1.1"),
    "cr_alone": b"GET / HTTP/1.1\rHost: localhost\r\r",
    "lf_alone": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "socks": b"\x05\x01\x00",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
}
HEADERS = {
    "no_host": b"GET / HTTP/1.1\r\n\r\n",
    "two_hosts": get(headers=b"Host: evil.example\r\n"),
    "two_equal_hosts": get(headers=HOST),
    "two_hosts_in_a_list": b"GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n",
    "host_with_path_38": b"GET / HTTP/1.1\r\nHost: localhost/admin?\r\n\r\n",
    "host_with_user_38": b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
    "host_with_space": b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "host_empty": b"GET / HTTP/1.1\r\nHost: \r\n\r\n",
    "host_quotes": b'GET / HTTP/1.1\r\nHost: "><script>\r\n\r\n',
    "host_bad_port": b"GET / HTTP/1.1\r\nHost: localhost:99999999\r\n\r\n",
    "host_latin": b"GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n",
    "host_unlike_39": b"GET / HTTP/1.1\r\nHost: 127x0x0x1\r\n\r\n",
    "host_other_39": b"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n",
    "host_1_0_forwarded_39": b"GET / HTTP/1.0\r\nX-Forwarded-Host: localhost\r\n\r\n",
    "name_empty": get(headers=b": x\r\n"),
    "name_space": get(headers=b"X Y: z\r\n"),
    "name_space_behind": get(headers=b"X : z\r\n"),
    "name_control": get(headers=b"X\x01: z\r\n"),
    "name_latin": get(headers=b"X\xe9: z\r\n"),
    "no_colon": get(headers=b"nonsense\r\n"),
    "value_nul": get(headers=b"X: \0\r\n"),
    "value_cr": get(headers=b"X: a\rb\r\n"),
    "value_lf": get(headers=b"X: a\nY: b\r\n"),
    "value_delete": get(headers=b"X: \x7f\r\n"),
    "folded_44": get(headers=b"X: a\r\n b\r\n"),
    "folded_coding_44": framed(b"Transfer-Encoding:\r\n chunked", b"0\r\n\r\n"),
}
LENGTHS = {
    "length_and_chunks_44": framed(b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    "chunks_and_length_44": framed(b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n"),
    "two_lengths_44": framed(b"Content-Length: 0\r\nContent-Length: 5"),
    "two_equal_lengths_44": framed(b"Content-Length: 1\r\nContent-Length: 1", b"a"),
    "list_of_lengths_44": framed(b"Content-Length: 1, 1", b"a"),
    "length_negative_12": framed(b"Content-Length: -5"),
    "length_plus_44": framed(b"Content-Length: +5", b"abcde"),
    "length_underscore_44": framed(b"Content-Length: 1_0", b"abcde"),
    "length_hexadecimal": framed(b"Content-Length: 0x5", b"abcde"),
    "length_fraction": framed(b"Content-Length: 5.0", b"abcde"),
    "length_empty": framed(b"Content-Length: ", b"abcde"),
    "length_text": framed(b"Content-Length: five", b"abcde"),
    "length_huge": framed(b"Content-Length: " + b"9" * 5000),
    "length_2_64": framed(b"Content-Length: 18446744073709551616"),
    "length_unicode": framed("Content-Length: ５".encode(), b"abcde"),
    "length_space_44": framed(b"Content-Length : 5", b"abcde"),
    "length_inside_space_44": framed(b"Content-Length: 1 0", b"a"),
    "coding_unknown": framed(b"Transfer-Encoding: gzip", b"abc"),
    "coding_identity": framed(b"Transfer-Encoding: identity", b"abc"),
    "coding_twice_44": framed(b"Transfer-Encoding: chunked, chunked", b"0\r\n\r\n"),
    "coding_not_last_44": framed(b"Transfer-Encoding: chunked, gzip", b"0\r\n\r\n"),
    "coding_xchunked_44": framed(b"Transfer-Encoding: xchunked", b"0\r\n\r\n"),
    "coding_quoted_44": framed(b'Transfer-Encoding: "chunked"', b"0\r\n\r\n"),
    "coding_tab_44": framed(b"Transfer-Encoding:\x0bchunked", b"0\r\n\r\n"),
    "coding_two_headers_44": framed(
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"0\r\n\r\n"
    ),
    "coding_1_0_44": b"POST /raw HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "upgrade_with_body_45": framed(b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3", b"abc"),
    "upgrade_with_chunks_45": framed(
        b"Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"
    ),
    "chunk_size_text_44": post_chunked("/raw", b"zz\r\n"),
    "chunk_size_negative_44": post_chunked("/raw", b"-1\r\n"),
    "chunk_size_plus_44": post_chunked("/raw", b"+1\r\na\r\n0\r\n\r\n"),
    "chunk_size_0x_44": post_chunked("/raw", b"0x1\r\na\r\n0\r\n\r\n"),
    "chunk_size_underscore_44": post_chunked("/raw", b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n"),
    "chunk_size_huge_44": post_chunked("/raw", b"f" * 40 + b"\r\nabc"),
    "chunk_size_space_44": post_chunked("/raw", b"1 \r\na\r\n0\r\n\r\n"),
    "chunk_lf_44": post_chunked("/raw", b"1\na\n0\n\n"),
    "chunk_without_end_44": post_chunked("/raw", b"1\r\nab\r\n0\r\n\r\n"),
    "chunk_extension_lf_44": post_chunked("/raw", b"1;a\nb\r\na\r\n0\r\n\r\n"),
    "chunk_extension_cr_44": post_chunked("/raw", b"1;a\rb\r\na\r\n0\r\n\r\n"),
    "trailer_nonsense": post_chunked("/raw", b"0\r\nno colon\r\n\r\n"),
    "trailers_20_000_49": post_chunked("/raw", b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"),
    "trailer_endless_49": post_chunked("/raw", b"0\r\nX: " + b"y" * 100_000),
    "chunk_line_endless_49": post_chunked("/raw", b"1;" + b"x" * 100_000),
    "chunk_extensions_endless_49": post_chunked("/raw", (b"1;" + b"x" * 2000 + b"\r\na\r\n") * 50),
}
SIZES = {
    "request_line": (line(b"GET /" + b"a" * 9000 + b" HTTP/1.1"), 414),
    "request_line_endless": (b"GET /" + b"a" * 100_000, 414),
    "query": (line(b"GET /parameters?" + b"a=b&" * 2500 + b" HTTP/1.1"), 414),
    "header": (get(headers=b"X: " + b"a" * 17_000 + b"\r\n"), 431),
    "headers": (get(headers=(b"X: " + b"a" * 10_000 + b"\r\n") * 7), 431),
    "headers_endless": (get(headers=b"X: " + b"a" * 100_000)[:-4], 431),
    "headers_many_48": (get(headers=b"X-A: b\r\n" * 20_000), 431),
    "headers_101": (get(headers=b"X-A: b\r\n" * 100), 431),
    "body_declared": (framed(b"Content-Length: 3000000"), 413),
    "body_declared_for_json": (b"POST /items HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n", 413),
    "body_chunked_51": (
        post_chunked("/raw", b"20000\r\n" + b"a" * 0x20000 + b"\r\n").replace(b"\r\n\r\n", b"\r\n\r\n", 1)
        + (b"20000\r\n" + b"a" * 0x20000 + b"\r\n") * 20,
        413,
    ),
}


def hear(port: int, request: bytes, root: Path) -> Heard:
    """Send `request` and behind it one that must not be answered where the first is refused."""
    heard = talk(port, request, SMUGGLED, answers=9)
    assert_clean(heard, str(root), "smuggled")
    return heard


@pytest.mark.parametrize("name", REQUEST_LINES)
def test_a_malformed_request_line_is_a_400_and_the_last_on_its_connection(
    name: str, port: int, root: Path
) -> None:
    heard = hear(port, REQUEST_LINES[name], root)
    assert heard.statuses in ([400], [414])
    assert heard.is_closed
    assert_serves(port)


@pytest.mark.parametrize("name", HEADERS)
def test_a_malformed_header_is_a_400_and_never_believed(name: str, port: int, root: Path) -> None:
    heard = talk(port, HEADERS[name], answers=1)
    assert_clean(heard, str(root), "<script>")
    assert heard.statuses in ([400], [421])
    assert_serves(port)


@pytest.mark.parametrize("name", LENGTHS)
def test_a_body_without_one_clear_end_is_refused_and_hides_no_request(
    name: str, port: int, root: Path
) -> None:
    heard = hear(port, LENGTHS[name], root)
    assert heard.statuses in ([400], [431], [413])
    assert heard.is_closed
    assert_serves(port)


@pytest.mark.parametrize("name", SIZES)
def test_what_is_too_large_is_refused_at_its_limit(name: str, port: int, root: Path) -> None:
    request, status = SIZES[name]
    heard = hear(port, request, root)
    assert heard.statuses == [status]
    assert heard.is_closed
    assert_serves(port)


def test_a_refusal_says_in_one_sentence_what_was_wrong(port: int) -> None:
    heard = talk(port, b"GET / HTTP/1.1\r\n\r\n")
    assert json.loads(heard.bodies[0]) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "a request needs exactly one Host header",
    }


def test_what_is_behind_a_refused_request_is_not_executed_44(port: int) -> None:
    heard = talk(port, LENGTHS["length_and_chunks_44"] + SMUGGLED * 3, answers=9)
    assert heard.statuses == [400]


def test_answers_come_in_the_order_of_their_requests_46(port: int) -> None:
    paths = [f"/numbers/{number}" if number % 2 else f"/texts/{number}" for number in range(50)]
    heard = talk(port, b"".join(map(get, paths)), answers=50)
    found = [int(next(iter(json.loads(body).values()))) for body in heard.bodies]
    assert found == list(range(50))


def test_an_upgrade_that_nobody_offers_is_an_ordinary_request_and_the_last_45(port: int) -> None:
    heard = talk(
        port, get("/", headers=b"Connection: upgrade\r\nUpgrade: websocket\r\n") + SMUGGLED, answers=9
    )
    assert heard.statuses == [200]
    assert heard.is_closed


# --- values ---------------------------------------------------------------------------------------

PATHS = {
    "huge_integer_67": ("/numbers/" + "9" * 5000, [404]),
    "integer_beyond_64_bits": ("/numbers/9223372036854775808", [404]),
    "integer_plus": ("/numbers/+1", [404]),
    "integer_underscore": ("/numbers/1_0", [404]),
    "integer_unicode": ("/numbers/%EF%BC%91", [404]),
    "integer_and_newline_91": ("/numbers/1%0a", [404]),
    "integer_and_nul": ("/numbers/1%00", [400, 404]),
    "text_and_newline": ("/texts/a%0d%0aX-Injected:%201", [200, 400, 404]),
    "text_with_escape_sequence": ("/texts/%1b%5b31m", [200, 400, 404]),
    "no_utf_8": ("/texts/%ff", [400]),
    "no_utf_8_95": ("/texts/" + "%ff" * 2500, [400]),
    "overlong_slash": ("/texts/%c0%af", [400]),
    "surrogate": ("/texts/%ed%a0%80", [400]),
    "half_an_escape": ("/texts/%", [200, 400, 404]),
    "no_escape": ("/texts/%zz", [200, 400, 404]),
    "twice_escaped": ("/texts/%252e%252e%252f", [200]),
    "unknown": ("/<script>alert(1)</script>", [404]),
    "unknown_long": ("/" + "a" * 8000, [404]),
    "unknown_deep": ("/a" * 4000, [404]),
    "many_slashes": ("/" * 8000, [404, 308]),
    "other_site": ("//evil.example/", [404, 308]),
    "other_site_backslash": ("/\\evil.example/", [404, 308]),
    "query_huge_67": ("/query?number=" + "9" * 5000, [422]),
    "query_nan": ("/query?number=NaN", [422]),
    "query_float": ("/query?number=1e9", [422]),
    "query_no_utf_8": ("/query?number=1&name=%ff", [400]),
    "query_surrogate": ("/query?number=1&name=%ed%a0%80", [400]),
    "query_nul": ("/query?number=1&name=%00", [200, 422]),
    "query_too_many": ("/parameters?" + "a&" * 3000, [400, 413]),
    "query_semicolon_37": ("/parameters?a=1;b=2", [200]),
    "query_question_marks": ("/parameters?" + "?" * 5000, [200]),
    "query_percents_95": ("/parameters?" + "%" * 8000, [200, 400]),
}


@pytest.mark.parametrize("name", PATHS)
def test_odd_values_in_paths_and_queries_are_answered_clearly(name: str, port: int, root: Path) -> None:
    path, expected = PATHS[name]
    heard = talk(port, get(path))
    assert_clean(heard, str(root), "<script>")
    assert heard.statuses[0] in expected, heard.bodies
    assert not any(head.lower().startswith(b"x-injected") for head in heard.heads[0].split(b"\r\n"))
    location = [each for each in heard.heads[0].split(b"\r\n") if each.startswith(b"location: ")]
    assert not any(each.startswith((b"location: //", b"location: /\\")) for each in location)
    assert_serves(port)


def test_only_the_ampersand_divides_a_query_37(port: int) -> None:
    heard = talk(port, get("/parameters?a=1;b=2&c=3"))
    assert json.loads(heard.bodies[0]) == [["a", "1;b=2"], ["c", "3"]]


@pytest.mark.parametrize(
    "path",
    [
        "/paths/../../etc/passwd",
        "/paths/%2e%2e/%2e%2e/etc/passwd",
        "/paths/..%2f..%2fetc/passwd",
        "/paths//etc/passwd",
        "/paths/..%5c..%5cboot.ini",
        "/paths/%00",
        "/../../etc/passwd",
        "/%2e%2e/app.py",
        "//etc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_paths_that_climb_are_texts_and_open_nothing_18(path: str, port: int, root: Path) -> None:
    heard = talk(port, get(path))
    assert_clean(heard, str(root), "root:", "import ")
    assert heard.statuses[0] in (200, 308, 400, 404)


JSON_BODIES = {
    "nothing": (b"", [400, 422]),
    "half": (b'{"name": "a', [400]),
    "two": (b'{"name":"a","price":1}{}', [400]),
    "huge_integer_67": (b'{"name":"a","price":' + b"9" * 5000 + b"}", [400, 422]),
    "huge_integer_900_000_67": (b'{"name":"a","price":1,"count":' + b"9" * 900_000 + b"}", [400, 422]),
    "beyond_64_bits": (b'{"name":"a","price":1,"count":9223372036854775808}', [400, 422]),
    "exponent_69": (b'{"name":"a","price":1,"count":1e100000}', [400, 422]),
    "infinite_68": (b'{"name":"a","price":1e400}', [400, 422]),
    "nan_68": (b'{"name":"a","price":NaN}', [400]),
    "infinity_68": (b'{"name":"a","price":-Infinity}', [400]),
    "surrogate_99": (rb'{"name":"\ud800","price":1}', [400]),
    "surrogate_key": (rb'{"\udfff":1}', [400]),
    "deep_70": (b"[" * 100_000, [400, 422]),
    "deep_objects_70": (b'{"a":' * 100_000, [400, 422]),
    "utf_16_96": ('{"name":"a","price":1}'.encode("utf-16"), [400]),
    "utf_32_96": ('{"name":"a","price":1}'.encode("utf-32"), [400]),
    "utf_7": (b"+AHs-+AH0-", [400]),
    "bom": (b"\xef\xbb\xbf{}", [400]),
    "no_utf_8": (b'{"name":"\xff","price":1}', [400]),
    "nul": (b'{"name":"a\0","price":1}', [400]),
    "wrong_type": (b'{"name":1,"price":"x"}', [422]),
    "list": (b"[]", [422]),
    "null": (b"null", [422]),
}


@pytest.mark.parametrize("path", ["/items", "/anything"])
@pytest.mark.parametrize("name", JSON_BODIES)
def test_json_that_is_none_or_too_much_is_refused(name: str, path: str, port: int, root: Path) -> None:
    body, expected = JSON_BODIES[name]
    heard = talk(port, post(path, body))
    assert_clean(heard, str(root))
    assert heard.statuses[0] in expected or (path == "/anything" and heard.statuses[0] in (200, 204)), (
        heard.bodies
    )
    assert_serves(port)


def test_an_object_of_70_000_keys_is_answered_71(port: int) -> None:
    body = json.dumps(dict.fromkeys(map(str, range(70_000)), 1)).encode()
    heard = talk(port, post("/items", body))
    assert_clean(heard)
    assert heard.statuses[0] in (200, 400, 422)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"name=a&age=3", FORM, [200]),
        (b"name=a&age=" + b"9" * 5000, FORM, [422]),
        (b"name=%ff", FORM, [400]),
        (b"name=%ed%a0%80", FORM, [400]),
        (b"a=1&" * 100_000, FORM, [400, 413]),
        (b"name=a", FORM + "; charset=utf-7", [400, 415]),
        (b"name=a", FORM + "; charset=rot13", [400, 415]),
        (b"name=a", FORM + "; charset=zlib", [400, 415]),
        (b"name=a", FORM + "; charset=unicode_escape", [400, 415]),
        (b"name=a", "text/plain", [415]),
        (b"name=a", "multipart/form-data", [400, 415]),
        (b"name=a", "multipart/form-data; boundary=", [400, 415]),
        (b"--x\r\n", "multipart/form-data; boundary=x", [400]),
        (b"name=a", 'multipart/form-data; !="' + "\\" * 6000, [400, 415]),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"b\r\n--x" * 50,
            "multipart/form-data; boundary=x",
            [400, 422, 413],
        ),
    ],
)
def test_forms_that_are_none_are_refused_97(
    body: bytes, content_type: str, expected: list[int], port: int, root: Path
) -> None:
    heard = talk(port, post("/form", body, content_type))
    assert_clean(heard, str(root))
    assert heard.statuses[0] in expected, heard.bodies
    assert_serves(port)


@pytest.mark.parametrize("name", ["../../evil", "..\\evil", "/etc/evil", "a\\0b", "C:\\evil", ".."])
def test_the_name_of_an_upload_is_no_path_14(name: str, port: int) -> None:
    body = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nabc\r\n--x--\r\n'
    ).encode()
    heard = talk(port, post("/upload", body, "multipart/form-data; boundary=x"))
    assert_clean(heard)
    if heard.statuses == [200]:
        found = json.loads(heard.bodies[0])["name"]
        assert not set(found) & set("/\\:\0")
        assert found not in ("", ".", "..")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"gzip, gzip", b"nonsense"])
def test_a_packed_body_is_not_unpacked_unasked_52(coding: bytes, port: int) -> None:
    body = gzip.compress(bytes(10_000_000))
    heard = talk(port, post("/items", body, headers=b"Content-Encoding: " + coding + b"\r\n"))
    assert_clean(heard)
    assert heard.statuses[0] in (400, 415)
    assert_serves(port)


@pytest.mark.parametrize(
    "headers",
    [
        b"X_Forwarded_Host: evil.example\r\n",
        b"Content_Length: 5\r\n",
        b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\n",
        b"Cookie: " + b"\0".replace(b"\0", b'"') * 8000 + b"\r\n",
        b"Cookie: " + b"a=b;" * 4000 + b"\r\n",
        b"Cookie: =__Host-a=evil\r\n",
        b"Accept: " + b";" * 15_000 + b"\r\n",
        b'Accept: "' + b"\\" * 15_000 + b"\r\n",
        b"Accept-Language: " + b"a-" * 8000 + b"\r\n",
        b"Accept-Encoding: " + b"gzip;q=0." + b"1" * 8000 + b"\r\n",
        b"Range: bytes=" + b"0-1," * 3000 + b"\r\n",
        b"If-None-Match: " + b'"' * 15_000 + b"\r\n",
        b"If-Modified-Since: " + b"9" * 15_000 + b"\r\n",
        b"Authorization: Basic " + b"=" * 15_000 + b"\r\n",
        b"X-Request-ID: \x1b[31mred\r\n".replace(b"\x1b", b"%1b"),
        b"X-Request-ID: " + b"a" * 10_000 + b"\r\n",
        b"Origin: http://evil.example\r\nAccess-Control-Request-Method: DELETE\r\n",
        b"Expect: 100-continue\r\n",
        b"Expect: nonsense\r\n",
        b"TE: trailers\r\nTrailer: Host\r\n",
        b"Connection: Host, Content-Length\r\n",
        b"X: " + bytes(range(0x80, 0x100)) + b"\r\n",
    ],
    ids=lambda headers: headers[:24].decode("latin-1"),
)
def test_headers_that_no_browser_sends_change_nothing(headers: bytes, port: int, root: Path) -> None:
    heard = talk(port, get("/", headers=headers))
    assert_clean(heard, str(root), "evil.example", "\x1b")
    assert heard.statuses[0] in (200, 400, 431)
    assert_serves(port)


@pytest.mark.parametrize("method", ["TRACE", "PURGE", "M-SEARCH", "PROPFIND", "LINK", "QUERY", "SOURCE"])
def test_methods_that_nobody_offers_are_a_405_90(method: str, port: int) -> None:
    heard = talk(port, f"{method} / HTTP/1.1\r\nHost: localhost\r\nCookie: secret=1\r\n\r\n".encode())
    assert_clean(heard, "secret=1")
    assert heard.statuses == [405]
    assert b"\r\nallow: GET, HEAD, OPTIONS" in heard.heads[0]


def test_thousands_of_odd_methods_do_not_add_up_50(port: int) -> None:
    request = b"PURGE /texts/a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    heard = talk(port, request * 2000, answers=2000)
    assert set(heard.statuses) == {405}
    assert_serves(port)


def test_a_megabyte_of_chunks_of_one_byte_is_read_50(port: int) -> None:
    count = 200_000
    heard = talk(port, post_chunked("/raw", b"1\r\nx\r\n" * count + b"0\r\n\r\n"))
    assert json.loads(heard.bodies[0]) == {"size": count}


@pytest.mark.parametrize("path", ["/raw", "/stream"])
def test_a_streamed_body_is_counted_as_received_51(path: str, port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    heard = talk(port, post_chunked(path, chunk * 400), answers=9)
    assert heard.statuses == [413]
    assert heard.is_closed


def test_a_body_that_nobody_reads_is_no_second_request(port: int) -> None:
    head, _, _ = post("/unread", b"").partition(b"Content-Length")
    heard = talk(port, head + b"Content-Length: 1000\r\n\r\n", SMUGGLED, answers=9)
    assert_clean(heard, "smuggled")
    assert heard.statuses == [200]
    assert heard.is_closed


def test_a_request_that_announces_a_body_is_refused_before_it_comes(port: int) -> None:
    head = (
        b"POST /items HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
    )
    heard = talk(port, head)
    assert heard.statuses == [413]
    assert b"100 Continue" not in heard.data


# --- anything at all ------------------------------------------------------------------------------

fragments = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /raw HTTP/1.1\r\n",
            b"POST /items HTTP/1.1\r\n",
            HOST,
            b"Content-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Type: application/json\r\n",
            b"Connection: close\r\n",
            b"Expect: 100-continue\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"5\r\nabcde\r\n",
            b"0\r\n\r\n",
            b'{"name":"a","price":1}',
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(fragments, max_size=12))
def test_no_bytes_whatever_bring_the_server_down(pieces: list[bytes], port: int, root: Path) -> None:
    with connect(port) as client:
        for piece in pieces:
            try:
                client.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        try:
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        heard = listen(client, 20)
    assert_clean(heard, str(root))


# --- others are served meanwhile ------------------------------------------------------------------

BUSY = {
    "deep_json": post("/anything", b"[" * 2_000_000),
    "many_keys": post(
        "/anything", json.dumps(dict.fromkeys(map(str, range(150_000)), 1)).encode()[:2_000_000]
    ),
    "huge_integer": post("/anything", b"9" * 2_000_000),
    "many_fields": post("/form", b"a=1&" * 500_000, FORM),
    "percents": post("/form", b"a=" + b"%" * 2_000_000, FORM),
    "many_parts": post(
        "/upload",
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 40_000,
        "multipart/form-data; boundary=x",
    ),
    "crlf_in_parts": post("/upload", b"\r\n" * 1_000_000, "multipart/form-data; boundary=x"),
    "one_byte_chunks": post_chunked("/raw", b"1\r\nx\r\n" * 300_000 + b"0\r\n\r\n"),
    "blank_line_chunks": post_chunked("/raw", b"4\r\n\r\n\r\n\r\n" * 200_000 + b"0\r\n\r\n"),
    "pipelined": get("/") * 20_000,
    "large_unread": post("/unread", b"x" * 5_000_000),
}


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("name", BUSY)
def test_others_are_served_while_the_server_works_on_an_attack(name: str, port: int) -> None:
    with connect(port) as attacker:
        attacker.setblocking(False)
        request, place, best = memoryview(BUSY[name]), 0, []
        ends = time.monotonic() + 5
        while place < len(request) and time.monotonic() < ends:
            try:
                place += attacker.send(request[place : place + 200_000])
            except BlockingIOError:
                try:
                    attacker.recv(1 << 20)
                except BlockingIOError:
                    pass
            except (BrokenPipeError, ConnectionResetError):
                break
            started = time.perf_counter()
            assert talk(port, get("/")).statuses == [200]
            best.append(time.perf_counter() - started)
    best.sort()
    # A busy machine adds to some; what an attack costs everyone shows in the quicker half.
    assert best[len(best) // 4] < OTHERS_SECONDS_MAX
