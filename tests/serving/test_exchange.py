"""One request and its answer, byte by byte; the connection is a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import ClientDisconnected, ContentTooLarge
from bistro.serving.body import BodyReader
from bistro.serving.exchange import DateLine, HttpExchange, header_mark
from bistro.serving.heads import LENGTHS_COUNT
from tests.serving.support import run

BLOCK = b"HTTP/1.1\r\nHost: a\r\n\r\n"
BLOCK_1_0 = b"HTTP/1.0\r\n\r\n"


class ListWire:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.out: list[bytes] | None = None
        self.date = DateLine()
        self.client = ("127.0.0.1", 5)
        self.scheme = "http"
        self.lost = False
        self.sent = b""
        self.aborted: list[bool] = []

    @property
    def write(self) -> Callable[[bytes], object]:
        return self._write

    def _write(self, data: bytes) -> None:
        self.sent += data

    async def wait_for_drain(self) -> None:
        if self.lost:
            raise ClientDisconnected

    def abort(self, *, reset: bool = False) -> None:
        self.aborted.append(reset)


def make(
    method: str = "GET",
    block: bytes = BLOCK,
    *,
    body: bytes | None = b"",
    special: bool = False,
    keep_alive: bool = True,
    reader: BodyReader | None = None,
) -> tuple[HttpExchange, ListWire]:
    wire = ListWire()
    exchange = HttpExchange(wire, method, "/", "", block, None if reader else body, {})
    if special or method == "HEAD" or not keep_alive or reader:
        exchange.mark_special(keep_alive=keep_alive, reader=reader)
    return exchange, wire


def stream(exchange: HttpExchange, *chunks: bytes, status: int = 200, length: int | None = None) -> None:
    async def go() -> None:
        exchange.start(status, b"a: b\r\n", length)
        for chunk in chunks:
            await exchange.write(chunk)
        await exchange.finish()

    run(go())


@given(st.sampled_from([0, 1, LENGTHS_COUNT - 1, LENGTHS_COUNT, 70_000]), st.booleans())
def test_a_plain_and_a_special_answer_are_the_same_bytes(size: int, special: bool) -> None:
    exchange, wire = make(special=special)
    exchange.send(200, b"a: b\r\n", b"x" * size)
    assert wire.sent == (
        b"HTTP/1.1 200 OK\r\na: b\r\ncontent-length: %d\r\n" % size
        + b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"
        + b"x" * size
    )


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_no_length_either(status: int) -> None:
    exchange, wire = make()
    exchange.send(status, b"", b"ignored")
    assert b"content-length" not in wire.sent
    assert wire.sent.endswith(b"\r\n\r\n")


def test_head_is_told_the_length_and_nothing_else() -> None:
    exchange, wire = make("HEAD")
    exchange.send(200, b"", b"12345")
    assert b"content-length: 5\r\n" in wire.sent
    assert wire.sent.endswith(b"\r\n\r\n")


def test_a_last_answer_says_so() -> None:
    exchange, wire = make(keep_alive=False)
    exchange.send(200, b"", b"x")
    assert b"\r\nconnection: close\r\n" in wire.sent
    assert exchange.closes


def test_an_answer_before_its_request_is_complete_is_the_last() -> None:
    exchange, wire = make(reader=BodyReader(5))
    exchange.send(413, b"", b"x")
    assert b"\r\nconnection: close\r\n" in wire.sent


def test_a_request_whose_body_has_come_meanwhile_keeps_its_connection() -> None:
    reader = BodyReader(1)
    exchange, wire = make(reader=reader)
    reader.feed(b"x")
    reader.feed_end()
    exchange.send(200, b"", b"x")
    assert b"connection: close" not in wire.sent
    assert not exchange.closes


@pytest.mark.parametrize("begun", ["send", "start"])
def test_a_second_answer_is_a_mistake_of_the_app_and_is_not_sent(begun: str) -> None:
    exchange, wire = make()
    if begun == "send":
        exchange.send(200, b"", b"first")
    else:
        exchange.start(200, b"", None)
    sent = wire.sent
    with pytest.raises(RuntimeError, match="already"):
        exchange.send(200, b"", b"second")
    with pytest.raises(RuntimeError, match="already"):
        exchange.start(200, b"", None)
    assert wire.sent == sent


def test_a_stream_is_sent_in_chunks() -> None:
    exchange, wire = make()
    stream(exchange, b"one", b"", b"x" * 16)
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body == b"3\r\none\r\n10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"


def test_a_stream_of_known_length_is_sent_as_it_is() -> None:
    exchange, wire = make()
    stream(exchange, b"one", b"two", length=6)
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    assert b"content-length: 6" in head
    assert body == b"onetwo"
    assert not wire.aborted


def test_a_stream_that_is_longer_than_it_said_is_cut_to_its_length() -> None:
    exchange, wire = make()
    stream(exchange, b"one", b"two", length=4)
    assert wire.sent.endswith(b"\r\n\r\nonet")


def test_a_stream_that_is_shorter_than_it_said_is_broken_off() -> None:
    exchange, wire = make()
    stream(exchange, b"one", length=4)
    assert wire.aborted == [False]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("length", [None, 3])
def test_a_stream_where_no_body_belongs_sends_none(method: str, status: int, length: int | None) -> None:
    exchange, wire = make(method)
    stream(exchange, b"one", status=status, length=length)
    assert wire.sent.endswith(b"\r\n\r\n")
    assert b"transfer-encoding" not in wire.sent
    assert not wire.aborted


def test_a_stream_to_http_1_0_ends_with_the_connection() -> None:
    exchange, wire = make(block=BLOCK_1_0, special=True)
    stream(exchange, b"one", b"two")
    assert b"connection: close" in wire.sent
    assert wire.sent.endswith(b"\r\n\r\nonetwo")
    assert exchange.closes


@pytest.mark.parametrize(("block", "reset"), [(BLOCK, False), (BLOCK_1_0, True)])
def test_breaking_off_can_be_told_from_an_end(block: bytes, reset: bool) -> None:
    exchange, wire = make(block=block, special=True)
    exchange.start(200, b"", None)
    exchange.abort()
    exchange.abort()
    assert wire.aborted == [reset]


def test_nothing_follows_an_end() -> None:
    async def go() -> bytes:
        exchange, wire = make()
        with pytest.raises(RuntimeError, match="not begun"):
            await exchange.write(b"early")
        exchange.start(200, b"", None)
        await exchange.finish()
        sent = wire.sent
        with pytest.raises(RuntimeError, match="ended"):
            await exchange.write(b"late")
        await exchange.finish()
        exchange.abort()
        assert not wire.aborted
        return wire.sent[len(sent) :]

    assert run(go()) == b""


def test_writing_to_who_is_gone_says_so() -> None:
    async def go() -> None:
        exchange, wire = make()
        exchange.start(200, b"", None)
        wire.lost = True
        with pytest.raises(ClientDisconnected):
            await exchange.write(b"x")

    run(go())


def test_answers_are_collected_where_there_are_several() -> None:
    exchange, wire = make()
    wire.out = []
    exchange.send(200, b"", b"x")
    assert wire.sent == b""
    assert len(wire.out) == 1


def test_headers_are_found_in_any_case_and_come_in_order() -> None:
    exchange, _ = make(block=b"HTTP/1.1\r\nHost: a\r\nX-A:  one \t\r\nx-a:two\r\nX-Empty:\r\n\r\n")
    assert exchange.header_items() == [
        (b"host", b"a"),
        (b"x-a", b"one"),
        (b"x-a", b"two"),
        (b"x-empty", b""),
    ]
    assert exchange.header_items() is exchange.header_items()
    assert exchange.find_header(b"x-a") == b"one"
    assert exchange.find_header(b"x-empty") == b""
    assert exchange.find_header(b"x") is None
    assert exchange.find_header(b"http/1.1") is None


tokens = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8).map(str.encode)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=9)


@given(st.lists(st.tuples(tokens, values.map(lambda text: text.encode("latin-1"))), max_size=6))
def test_whatever_headers_there_are_each_is_found(headers: list[tuple[bytes, bytes]]) -> None:
    block = b"HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n"
    exchange, _ = make(block=block)
    lowered = [(name.lower(), value) for name, value in headers]
    assert exchange.header_items() == lowered
    for name, _ in lowered:
        assert exchange.find_header(name) == dict(reversed(lowered))[name]


def test_a_header_with_an_underscore_is_not_one_with_a_hyphen() -> None:
    exchange, _ = make(block=b"HTTP/1.1\r\nX_Forwarded_Host: evil\r\nHost: a\r\n\r\n")
    assert exchange.find_header(b"x-forwarded-host") is None


def test_finders_are_made_once_for_each_name() -> None:
    assert header_mark(b"x-once") is header_mark(b"x-once")


@pytest.mark.parametrize(("block", "version"), [(BLOCK, "1.1"), (BLOCK_1_0, "1.0")])
def test_the_version_is_the_request_s(block: bytes, version: str) -> None:
    assert make(block=block)[0].http_version == version


EXPECTING = b"HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n"


async def read_late(exchange: HttpExchange, reader: BodyReader, body: bytes) -> bytes:
    async def feed() -> None:
        reader.feed(body)
        reader.feed_end()

    result, _ = await asyncio.gather(exchange.read_body(1000), feed())
    return result


@pytest.mark.parametrize(
    ("block", "arrived", "told"),
    [
        (EXPECTING, b"", True),
        (EXPECTING, b"x", False),
        (BLOCK, b"", False),
        (EXPECTING.replace(b"1.1", b"1.0"), b"", False),
        (EXPECTING.replace(b"\r\n\r\n", b"\r\nContent-Length: 1000\r\n\r\n"), b"", True),
        (EXPECTING.replace(b"100-Continue", b"the impossible"), b"", False),
    ],
)
def test_only_who_waits_for_it_is_told_to_continue(block: bytes, arrived: bytes, told: bool) -> None:
    async def go() -> bytes:
        reader = BodyReader()
        exchange, wire = make(block=block, reader=reader)
        if arrived:
            reader.feed(arrived)
        assert await read_late(exchange, reader, b"body") == arrived + b"body"
        return wire.sent

    assert run(go()) == (b"HTTP/1.1 100 Continue\r\n\r\n" if told else b"")


def test_nobody_is_told_to_continue_with_a_body_that_is_too_large() -> None:
    async def go() -> bytes:
        block = EXPECTING.replace(b"\r\n\r\n", b"\r\nContent-Length: 1001\r\n\r\n")
        exchange, wire = make(block=block, reader=BodyReader(1001))
        with pytest.raises(ContentTooLarge):
            await exchange.read_body(1000)
        return wire.sent

    assert run(go()) == b""


def test_nobody_is_told_to_continue_after_the_answer() -> None:
    async def go() -> bytes:
        reader = BodyReader()
        exchange, wire = make(block=EXPECTING, reader=reader)
        exchange.send(413, b"", b"")
        sent = wire.sent
        await read_late(exchange, reader, b"body")
        return wire.sent[len(sent) :]

    assert run(go()) == b""


def test_a_whole_body_is_given_up_to_its_limit() -> None:
    async def go() -> Any:
        exchange, _ = make(body=b"12345")
        with pytest.raises(ContentTooLarge):
            await exchange.read_body(4)
        pieces = [piece async for piece in exchange.body_stream(5)]
        return await exchange.read_body(5), pieces

    assert run(go()) == (b"12345", [b"12345"])


def test_an_empty_body_is_a_stream_of_nothing() -> None:
    async def go() -> list[bytes]:
        return [piece async for piece in make(body=b"")[0].body_stream(5)]

    assert run(go()) == []


def test_who_asks_to_hear_of_the_end_is_given_once() -> None:
    exchange, _ = make()
    exchange.on_disconnect(len)  # type: ignore[arg-type]
    exchange.on_disconnect(repr)  # type: ignore[arg-type]
    assert exchange.take_callbacks() == (len, repr)
    assert exchange.take_callbacks() == ()


@pytest.mark.parametrize("begun", [False, True])
def test_an_answer_can_become_the_last_until_its_head_is_sent(begun: bool) -> None:
    exchange, wire = make()
    if begun:
        exchange.start(200, b"", 0)
    exchange.mark_last()
    if not begun:
        exchange.send(200, b"", b"")
    assert (b"connection: close" in wire.sent) != begun
    assert exchange.closes


def test_who_asks_to_hear_of_the_stop_is_told_once_also_when_it_asks_late() -> None:
    async def go() -> list[str]:
        exchange, _ = make()
        told: list[str] = []
        exchange.on_stopping(lambda: told.append("early"))
        await asyncio.sleep(0)
        told.append("stop")
        exchange.mark_last()
        exchange.on_stopping(lambda: told.append("late"))
        await asyncio.sleep(0)
        return told

    assert run(go()) == ["stop", "early", "late"]
