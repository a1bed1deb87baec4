"""The bytes at the head of an answer."""

from __future__ import annotations

import json

import pytest

from bistro.serving.heads import BODILESS, LENGTHS, LENGTHS_COUNT, PLAIN_STATUS_LINES, STATUS_LINES, refusal


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, b"HTTP/1.1 200 OK\r\n"),
        (404, b"HTTP/1.1 404 Not Found\r\n"),
        (413, b"HTTP/1.1 413 Content Too Large\r\n"),
        (422, b"HTTP/1.1 422 Unprocessable Content\r\n"),
        (599, b"HTTP/1.1 599 \r\n"),
    ],
)
def test_status_lines_have_the_names_of_rfc_9110(status: int, line: bytes) -> None:
    assert STATUS_LINES[status] == line


def test_statuses_without_a_body_are_not_plain() -> None:
    assert not BODILESS & PLAIN_STATUS_LINES.keys()
    assert {100, 199, 204, 304} <= BODILESS


def test_every_status_of_an_answer_has_a_line() -> None:
    assert set(STATUS_LINES) == set(range(200, 600))


def test_lengths_are_as_long_as_they_say() -> None:
    assert LENGTHS[0] == b"content-length: 0"
    assert LENGTHS[-1] == b"content-length: %d" % (LENGTHS_COUNT - 1)


@pytest.mark.parametrize("status", [400, 408, 414, 431])
def test_a_refusal_is_a_whole_answer_and_the_last(status: int) -> None:
    head, _, body = refusal(status, "because", b"\r\ndate: now\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(STATUS_LINES[status])
    assert b"content-length: %d" % len(body) in head.split(b"\r\n")
    assert b"connection: close" in head.split(b"\r\n")
    assert b"date: now" in head.split(b"\r\n")
    assert json.loads(body)["status"] == status
    assert json.loads(body)["detail"] == "because"
