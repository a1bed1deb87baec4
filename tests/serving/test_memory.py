from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bistro.ground.types import Exchange
from bistro.http.errors import ClientDisconnected, ContentTooLarge
from bistro.serving.body import BodyAlreadyRead
from bistro.serving.memory import MemoryExchange

BLOCK = b"content-type: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_target_is_split_at_the_first_question_mark():
    exchange: Exchange = MemoryExchange("GET", "/a%20b?x=1?y=2")
    assert (exchange.raw_path, exchange.query_string) == ("/a%20b", "x=1?y=2")


@pytest.mark.parametrize("target", ["", "a", "*", "/ä"])
def test_target_that_no_request_line_could_hold_is_refused(target):
    with pytest.raises(ValueError, match="target"):
        MemoryExchange("GET", target)


def test_first_of_equal_request_headers_is_found():
    exchange = MemoryExchange(headers=[(b"x", b"1"), (b"x", b"2")])
    assert exchange.find_header(b"x") == b"1"
    assert exchange.find_header(b"y") is None
    assert exchange.header_items() == [(b"x", b"1"), (b"x", b"2")]


def test_answer_in_one_go_is_recorded_with_its_length():
    exchange = MemoryExchange()
    exchange.send(201, BLOCK, b"hello")
    assert (exchange.status, exchange.content, exchange.is_finished) == (201, b"hello", True)
    assert exchange.headers == [
        (b"content-type", b"text/plain"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-length", b"5"),
    ]
    assert exchange.find_answer_header(b"set-cookie") == b"a=1"


def test_head_has_the_length_and_no_body():
    exchange = MemoryExchange("HEAD")
    exchange.send(200, b"", b"hello")
    assert (exchange.content, exchange.headers) == (b"", [(b"content-length", b"5")])


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_has_neither_body_nor_length(status):
    exchange = MemoryExchange()
    exchange.send(status, b"", b"dropped")
    assert (exchange.content, exchange.headers) == (b"", [])


def test_answer_in_pieces_is_recorded():
    async def run():
        exchange = MemoryExchange()
        exchange.start(200, b"", None)
        await exchange.write(b"a")
        await exchange.write(b"b")
        assert not exchange.is_finished
        await exchange.finish()
        return exchange

    exchange = asyncio.run(run())
    assert (exchange.content, exchange.headers, exchange.is_finished) == (b"ab", [], True)


@pytest.mark.parametrize(
    "block",
    [
        b"no end",
        b"Upper: x\r\n",
        b"a: b\nc\r\n",
        b"a: b\rc\r\n",
        b": x\r\n",
        b"content-length: 1\r\n",
        b"date: x\r\n",
    ],
)
def test_header_block_against_the_rules_is_refused(block):
    with pytest.raises(ValueError, match=r"header|server"):
        MemoryExchange().send(200, block, b"")


def test_second_answer_is_refused():
    exchange = MemoryExchange()
    exchange.send(200, b"", b"")
    with pytest.raises(RuntimeError, match="answered twice: 200, then 500"):
        exchange.start(500, b"", None)


def test_pieces_outside_of_an_answer_are_refused():
    with pytest.raises(RuntimeError, match="between"):
        asyncio.run(MemoryExchange().write(b"x"))
    with pytest.raises(RuntimeError, match="after start"):
        asyncio.run(MemoryExchange().finish())


def test_body_given_whole_is_there_with_the_head():
    exchange = MemoryExchange("POST", body=b"hello")
    assert exchange.body == b"hello"
    assert asyncio.run(exchange.read_body(5)) == b"hello"


def test_body_in_pieces_arrives_later_and_is_kept():
    async def run():
        exchange = MemoryExchange("POST", body=pieces_of(b"a", b"b"))
        assert exchange.body is None
        return await exchange.read_body(5), exchange.body, await exchange.read_body(5)

    assert asyncio.run(run()) == (b"ab", b"ab", b"ab")


@pytest.mark.parametrize("body", [b"123456", pieces_of(b"123", b"456")])
def test_body_over_the_limit_is_refused(body):
    with pytest.raises(ContentTooLarge):
        asyncio.run(MemoryExchange("POST", body=body).read_body(5))


def test_declared_length_over_the_limit_is_refused_before_the_first_piece():
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("the body was asked for")
        yield b""

    exchange = MemoryExchange("POST", headers=[(b"content-length", b"6")], body=never())
    with pytest.raises(ContentTooLarge):
        asyncio.run(exchange.read_body(5))


def test_streamed_body_can_be_streamed_once():
    async def run():
        exchange = MemoryExchange("POST", body=pieces_of(b"a", b"b"))
        pieces = [piece async for piece in exchange.body_stream(5)]
        with pytest.raises(BodyAlreadyRead):
            await exchange.read_body(5)
        return pieces

    assert asyncio.run(run()) == [b"a", b"b"]


def test_client_that_goes_away_while_sending_ends_the_reading():
    async def run():
        async def body() -> AsyncIterator[bytes]:
            yield b"half"
            exchange.disconnect()
            yield b"rest"

        exchange = MemoryExchange("POST", body=body())
        await exchange.read_body(100)

    with pytest.raises(ClientDisconnected):
        asyncio.run(run())


def test_writer_waits_for_a_client_that_reads_nothing():
    async def run():
        exchange = MemoryExchange()
        exchange.pause_reading()
        exchange.start(200, b"", None)
        task = asyncio.create_task(exchange.write(b"x"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        exchange.resume_reading()
        await task

    asyncio.run(run())


def test_writer_is_held_back_until_its_pieces_are_taken():
    async def run():
        exchange = MemoryExchange(unread_max=3)
        exchange.start(200, b"", None)
        await exchange.write(b"abc")
        task = asyncio.create_task(exchange.write(b"d"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        assert exchange.take_pieces() == [b"abc", b"d"]
        await task

    asyncio.run(run())


def test_callbacks_are_told_once_that_the_client_has_gone_and_writing_fails():
    async def run():
        calls = []
        exchange = MemoryExchange()
        exchange.on_disconnect(lambda: calls.append("first"))
        exchange.start(200, b"", None)
        exchange.disconnect()
        exchange.disconnect()
        exchange.on_disconnect(lambda: calls.append("late"))
        with pytest.raises(ClientDisconnected):
            await exchange.write(b"x")
        return calls

    assert asyncio.run(run()) == ["first", "late"]


def test_nobody_is_told_of_a_client_that_goes_away_after_the_answer():
    calls = []
    exchange = MemoryExchange()
    exchange.on_disconnect(lambda: calls.append("told"))
    exchange.send(200, b"", b"")
    exchange.disconnect()
    assert calls == []


def test_answer_that_is_broken_off_is_marked_and_never_finished():
    async def run():
        exchange = MemoryExchange()
        exchange.start(200, b"", None)
        exchange.abort()
        return exchange.is_aborted, exchange.is_finished, await exchange.wait_for_pieces()

    assert asyncio.run(run()) == (True, False, [])


def test_noted_error_is_kept():
    exchange = MemoryExchange()
    error = LookupError("lost")
    exchange.note_error(error)
    assert exchange.error is error


def test_who_asks_is_told_of_the_stop_once_also_when_it_has_begun():
    async def run() -> list[str]:
        exchange, calls = MemoryExchange(), []
        exchange.on_stopping(lambda: calls.append("early"))
        exchange.stop()
        exchange.stop()
        exchange.on_stopping(lambda: calls.append("late"))
        await asyncio.sleep(0)
        return calls

    assert asyncio.run(run()) == ["early", "late"]


def test_nobody_is_told_of_a_stop_after_the_answer():
    exchange, calls = MemoryExchange(), []
    exchange.on_stopping(lambda: calls.append("told"))
    exchange.send(200, b"", b"")
    exchange.stop()
    assert calls == []


def test_handler_that_shields_itself_is_known():
    exchange = MemoryExchange()
    assert not exchange.is_shielded
    exchange.shield()
    assert exchange.is_shielded
