from __future__ import annotations

import asyncio
import threading

import pytest

from bistro.testing import AnswerIncomplete


def redirect_to(location: str, status: int = 302):
    return lambda exchange: exchange.send(status, f"location: {location}\r\n".encode(), b"")


def test_stream_is_read_while_the_handler_runs(app, client):
    step = threading.Event()

    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"first")
        await asyncio.to_thread(step.wait, 10)
        await exchange.write(b"second")
        await exchange.finish()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        pieces = response.iter_bytes()
        first = next(pieces)
        step.set()
        assert [response.status, first, *pieces] == [200, b"first", b"second"]


def test_leaving_a_stream_disconnects_it(app, client):
    ended = threading.Event()

    async def handler(exchange):
        exchange.start(200, b"", None)
        try:
            while True:
                await exchange.write(b"x" * 1000)
        finally:
            ended.set()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        assert next(response.iter_bytes())
        assert not ended.is_set()
    assert ended.is_set()


def test_handler_that_waits_for_ever_is_told_of_the_disconnect_and_cancelled(app, client):
    ended = []

    async def handler(exchange):
        exchange.on_disconnect(lambda: ended.append("told"))
        exchange.start(200, b"", None)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        assert response.status == 200
    assert ended == ["told", "cleaned up"]


def test_error_in_the_middle_of_a_stream_reaches_the_reader(app, client):
    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"first")
        exchange.note_error(LookupError("in the middle"))
        exchange.abort()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response, pytest.raises(LookupError, match="in the middle"):
        response.read()


def test_stream_that_is_not_answered_is_told(app, client):
    app.handlers["/"] = lambda exchange: None
    with pytest.raises(AnswerIncomplete), client.stream("GET", "/"):
        pytest.fail("there is nothing to read")


def test_whole_answer_can_be_read_as_a_stream(app, client):
    app.handlers["/a"] = redirect_to("/b")
    app.handlers["/b"] = lambda exchange: exchange.send(200, b"", b"whole")
    with client.stream("GET", "/a", follow_redirects=True) as response:
        assert (response.url, response.is_success, response.read()) == ("http://localhost/b", True, b"whole")


def test_endless_stream_holds_a_bounded_amount_of_memory(app, client):
    written = 0

    async def handler(exchange):
        nonlocal written
        exchange.start(200, b"", None)
        while True:
            await exchange.write(b"x" * 1024)
            written += 1024

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        pieces = response.iter_bytes()
        for _ in range(3):
            next(pieces)
        assert written < 512 * 1024


def test_body_in_pieces_is_sent_while_the_handler_reads(app, client):
    async def handler(exchange):
        assert exchange.body is None
        sizes = [len(piece) async for piece in exchange.body_stream(100)]
        exchange.send(200, b"", repr(sizes).encode())

    app.handlers["/"] = handler
    assert client.post("/", content=iter([b"a", b"bc"])).text == "[1, 2]"
