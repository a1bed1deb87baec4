from __future__ import annotations

import pytest

from bistro.http.headers import Headers
from bistro.testing import ClientResponse


def make(content: bytes = b"", status: int = 200, **headers: str) -> ClientResponse:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return ClientResponse(status, Headers(pairs), "http://localhost/", content=content)


def test_headers_are_read_in_any_case():
    response = make(content_type="text/html; charset=utf-8")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.content_type == "text/html"


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/plain", "é".encode()),
        ("text/plain; charset=utf-8", "é".encode()),
        ('text/plain; x=1; Charset="latin-1"', b"\xe9"),
    ],
)
def test_text_is_decoded_as_the_answer_says(content_type, content):
    assert make(content, content_type=content_type).text == "é"


@pytest.mark.parametrize(("status", "expected"), [(199, False), (200, True), (299, True), (300, False)])
def test_success_is_two_hundred_and_something(status, expected):
    assert make(status=status).is_success is expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [(302, {"location": "/"}, True), (302, {}, False), (304, {"location": "/"}, False)],
)
def test_redirect_needs_status_and_place(status, headers, expected):
    assert make(status=status, **headers).is_redirect is expected


def test_pieces_add_up():
    response = make(b"abcde")
    assert list(response.iter_bytes(2)) == [b"ab", b"cd", b"e"]


def test_repr_says_what_it_was():
    assert repr(make(b"abc")) == "<ClientResponse 200 GET http://localhost/ 3 bytes>"
