"""What of a head llhttp does not judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.serving import Limits
from bistro.serving.request_head import (
    Refused,
    check_head,
    check_partial_head,
    count_hosts,
    examine,
    find_length,
    has_body,
)

LIMITS = Limits()
BLOCK = b"HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "target", "path"),
    [
        (b"GET", b"/", b"/"),
        (b"GET", b"//evil.example/x", b"//evil.example/x"),
        (b"GET", b"/a//b?c", b"/a//b?c"),
        (b"GET", b"http://a/x?y", b"/x?y"),
        (b"GET", b"HTTP://A/x", b"/x"),
        (b"GET", b"https://a", b"/"),
        (b"GET", b"http://a//x", b"//x"),
        (b"OPTIONS", b"*", b"/*"),
    ],
)
def test_every_form_of_a_target_gives_its_path(method: bytes, target: bytes, path: bytes) -> None:
    assert examine(method, target, BLOCK) == path


@pytest.mark.parametrize(
    "target",
    [
        b"*",
        b"a:80",
        b"x/y",
        b"http://b/",
        b"http://u:p@a/",
        b"http://a:80/",
        b"ftp://a/",
        b"http://a?x",
        b"/x#fragment",
        b"http://a/#",
        b"://a/",
        b"",
    ],
)
def test_a_target_of_no_form_or_of_another_site_is_refused(target: bytes) -> None:
    with pytest.raises(Refused) as caught:
        examine(b"GET", target, BLOCK)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "block",
    [
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n",
        b"HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"RTSP/1.1\r\nHost: a\r\n\r\n",
        b"HTTP/2.0\r\nHost: a\r\n\r\n",
    ],
)
def test_a_head_without_one_host_or_of_another_protocol_is_refused(block: bytes) -> None:
    with pytest.raises(Refused) as caught:
        examine(b"GET", b"/", block)
    assert caught.value.status == 400


def test_http_1_0_needs_no_host() -> None:
    assert examine(b"GET", b"/", b"HTTP/1.0\r\n\r\n") == b"/"


def test_only_names_of_headers_count_as_hosts() -> None:
    block = b"HTTP/1.1\r\nhOsT: a\r\nX-Host: b\r\nX: Host: c\r\nHosts: d\r\nHost_: e\r\n\r\n"
    assert count_hosts(block) == 1


@pytest.mark.parametrize(
    ("size", "status"), [(LIMITS.request_line_size_max, None), (LIMITS.request_line_size_max + 1, 414)]
)
def test_a_request_line_may_be_as_long_as_its_limit(size: int, status: int | None) -> None:
    head = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * (size - len(b"GET / HTTP/1.1")))
    found = None
    for check in (lambda: check_head(head, LIMITS), lambda: check_partial_head(bytearray(head), 0, LIMITS)):
        try:
            check()
        except Refused as refused:
            found = refused.status
        assert found == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"X: y\r\n" * 100, None),
        (b"X: y\r\n" * 101, 431),
        (b"X: " + b"a" * 16_000 + b"\r\n", None),
        (b"X: " + b"a" * 16_400 + b"\r\n", 431),
        ((b"X: " + b"a" * 10_000 + b"\r\n") * 6, None),
        ((b"X: " + b"a" * 10_000 + b"\r\n") * 7, 431),
    ],
)
def test_headers_may_be_as_many_and_as_large_as_their_limits(headers: bytes, status: int | None) -> None:
    found = None
    try:
        check_head(b"GET / HTTP/1.1\r\n" + headers + b"\r\n", LIMITS)
    except Refused as refused:
        found = refused.status
    assert found == status


@pytest.mark.parametrize("line", [b"GET /", b"GET / x HTTP/1.1", b"GET"])
def test_a_request_line_has_three_parts(line: bytes) -> None:
    with pytest.raises(Refused, match="request line"):
        check_head(line + b"\r\nHost: a\r\n\r\n", LIMITS)


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (b"", None),
        (b"GET / HT", None),
        (b"\x16\x03\x01", 400),
        (b" GET", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
    ],
)
def test_what_can_become_no_request_is_refused_before_it_is_whole(held: bytes, status: int | None) -> None:
    found = None
    try:
        check_partial_head(bytearray(held), 0, LIMITS)
    except Refused as refused:
        found = refused.status
    assert found == status


@given(st.integers(0, 2**64 - 1))
def test_the_declared_length_is_found_in_any_case_of_letters(length: int) -> None:
    head = b"POST / HTTP/1.1\r\nX-Content-Length: 7\r\ncOnTenT-LENGTH:  %d\r\n\r\n" % length
    assert find_length(head) == length
    assert has_body(head) == (length > 0)


def test_a_coding_announces_a_body_too() -> None:
    assert has_body(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
    assert not has_body(b"POST / HTTP/1.1\r\nX: transfer-encoding: chunked\r\n\r\n")
