from __future__ import annotations

import asyncio

import pytest

from bistro.http.errors import ClientDisconnected, ContentTooLarge, RequestTimeout
from bistro.serving import asgi_inbox, overseer
from bistro.serving.asgi import AsgiAdapter
from bistro.serving.body import BodyAlreadyRead
from tests.serving.asgi_wire import GONE, TEXT, FunctionApp, Wire, call, call_async, http_scope, piece


def test_answer_in_one_go_is_two_messages():
    wire = call(lambda exchange: exchange.send(201, TEXT, b"hello"))
    assert wire.sent == [
        {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"content-type", b"text/plain"), (b"content-length", b"5")],
        },
        {"type": "http.response.body", "body": b"hello"},
    ]


def test_head_has_the_length_and_no_body():
    wire = call(lambda exchange: exchange.send(200, b"", b"hello"), http_scope("HEAD"))
    assert (wire.body, wire.sent[0]["headers"]) == (b"", [(b"content-length", b"5")])


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_has_neither_body_nor_length(status):
    wire = call(lambda exchange: exchange.send(status, TEXT, b"dropped"))
    assert (wire.body, wire.sent[0]["headers"]) == (b"", [(b"content-type", b"text/plain")])


def test_headers_are_a_new_list_for_every_answer():
    # Middleware around the application adds to the list, and must not add to the next answer.
    async def run():
        adapter = AsgiAdapter(FunctionApp(lambda exchange: exchange.send(204, TEXT, b"")))
        for _ in range(2):
            wire = Wire(piece())
            await adapter(http_scope(), wire.receive, wire.send)
            wire.sent[0]["headers"].append((b"added", b"1"))
        return len(wire.sent[0]["headers"])

    assert asyncio.run(run()) == 2


def test_second_answer_is_refused():
    def handler(exchange):
        exchange.send(200, b"", b"")
        with pytest.raises(RuntimeError, match="already"):
            exchange.send(200, b"", b"")
        with pytest.raises(RuntimeError, match="already"):
            exchange.start(200, b"", None)

    assert len(call(handler).sent) == 2


def test_answer_in_pieces_is_sent_as_it_is_written():
    async def handler(exchange):
        exchange.start(200, TEXT, 4)
        await exchange.write(b"ab")
        await exchange.write(b"")
        await exchange.write(b"cd")
        await exchange.finish()

    wire = call(handler)
    assert wire.sent[0]["headers"] == [(b"content-type", b"text/plain"), (b"content-length", b"4")]
    assert [(message["body"], message.get("more_body", False)) for message in wire.sent[1:]] == [
        (b"ab", True),
        (b"cd", True),
        (b"", False),
    ]


def test_head_of_a_stream_leaves_before_its_first_piece():
    async def run():
        wire = Wire(piece())

        async def handler(exchange):
            exchange.start(200, b"", None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert wire.sent[0]["type"] == "http.response.start"
            await exchange.finish()

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)

    asyncio.run(run())


def test_head_request_for_a_stream_has_no_body():
    async def handler(exchange):
        exchange.start(200, TEXT, 2)
        await exchange.write(b"ab")
        await exchange.finish()

    assert call(handler, http_scope("HEAD")).body == b""


def test_broken_off_answer_never_gets_its_end():
    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"half")
        exchange.abort()

    assert all(message.get("more_body", True) for message in call(handler).sent)


@pytest.mark.parametrize("error", [OSError, ConnectionResetError])
def test_server_that_says_the_client_has_gone_is_believed(error):
    # ASGI 2.4: `send` raises an OSError on a closed connection.
    async def send(message):
        raise error

    async def stream(exchange):
        exchange.start(200, b"", None)
        with pytest.raises(ClientDisconnected):
            await exchange.write(b"x")

    async def run():
        wire = Wire(piece())
        await AsgiAdapter(FunctionApp(stream))(http_scope(), wire.receive, send)
        whole = FunctionApp(lambda exchange: exchange.send(200, b"", b"x"))
        await AsgiAdapter(whole)(http_scope(), wire.receive, send)

    asyncio.run(run())


def test_stream_to_a_client_that_has_gone_ends_even_if_the_server_says_nothing():
    # uvicorn drops what is sent to a closed connection, without an error and without waiting.
    async def handler(exchange):
        exchange.start(200, b"", None)
        while True:
            await exchange.write(b"x")

    async def run():
        with pytest.raises(ClientDisconnected):
            async with asyncio.timeout(5):
                await call_async(handler, http_scope(), piece(), GONE)

    asyncio.run(run())


@pytest.mark.parametrize("pieces", [[b""], [b"abc"], [b"a", b"b", b"c"], [b"", b"abc", b""]])
def test_body_is_the_sum_of_its_pieces(pieces):
    async def handler(exchange):
        assert exchange.body is None
        whole = await exchange.read_body(3)
        assert exchange.body == whole == await exchange.read_body(3)
        assert [piece async for piece in exchange.body_stream(3)] == ([whole] if whole else [])
        exchange.send(200, b"", whole)

    messages = [piece(body, more=index < len(pieces) - 1) for index, body in enumerate(pieces)]
    assert call(handler, http_scope("POST"), *messages).body == b"".join(pieces)


def test_body_is_streamed_in_the_pieces_that_come():
    async def handler(exchange):
        seen = [piece async for piece in exchange.body_stream(10)]
        with pytest.raises(BodyAlreadyRead):
            await exchange.read_body(10)
        exchange.send(200, b"", repr(seen).encode())

    wire = call(handler, http_scope("POST"), piece(b"ab", more=True), piece(b"", more=True), piece(b"c"))
    assert wire.body == b"[b'ab', b'c']"


@pytest.mark.parametrize("messages", [[piece(b"12345")], [piece(b"123", more=True), piece(b"45")]])
@pytest.mark.parametrize("way", ["read", "stream"])
def test_body_over_the_limit_is_refused_whatever_was_declared(messages, way):
    async def handler(exchange):
        with pytest.raises(ContentTooLarge):
            if way == "read":
                await exchange.read_body(4)
            else:
                async for _ in exchange.body_stream(4):
                    pass
        exchange.send(413, b"", b"")

    scope = http_scope("POST", headers=[(b"content-length", b"2")])
    assert call(handler, scope, *messages).sent[0]["status"] == 413


@pytest.mark.parametrize("declared", [b"100000", b"9" * 5000])
def test_declared_length_over_the_limit_is_refused_without_asking_for_the_body(declared):
    async def handler(exchange):
        with pytest.raises(ContentTooLarge):
            await exchange.read_body(4)
        exchange.send(413, b"", b"")

    async def run():
        wire = Wire()
        scope = http_scope("POST", headers=[(b"content-length", declared)])
        async with asyncio.timeout(5):
            await AsgiAdapter(FunctionApp(handler))(scope, wire.receive, wire.send)

    asyncio.run(run())


def test_body_is_not_received_beyond_its_limit():
    async def handler(exchange):
        with pytest.raises(ContentTooLarge):
            await exchange.read_body(4)
        exchange.send(413, b"", b"")

    async def run():
        wire = Wire(*[piece(b"123", more=True)] * 1000)
        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)
        return len(wire.messages)

    assert asyncio.run(run()) == 998


def test_client_that_goes_away_while_sending_ends_the_reading():
    calls = []

    async def handler(exchange):
        exchange.on_disconnect(lambda: calls.append("told"))
        await exchange.read_body(10)

    with pytest.raises(ClientDisconnected):
        call(handler, http_scope("POST"), piece(b"a", more=True), GONE)
    assert calls == ["told"]


def test_body_that_stands_still_is_given_up(monkeypatch):
    async def handler(exchange):
        exchange.on_disconnect(lambda: None)
        exchange.inbox.stall_seconds = 0.001
        with pytest.raises(RequestTimeout):
            await exchange.read_body(10)
        assert not asyncio.current_task().cancelling()
        await asyncio.sleep(0)
        exchange.send(408, b"", b"")

    assert call(handler, http_scope("POST"), piece(b"a", more=True)).sent[0]["status"] == 408


def test_cancelling_a_handler_that_reads_stays_a_cancellation():
    async def run():
        wire = Wire()

        async def handler(exchange):
            await exchange.read_body(10)

        adapter = AsgiAdapter(FunctionApp(handler))
        task = asyncio.create_task(adapter(http_scope("POST"), wire.receive, wire.send))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled(), wire.receivers

    assert asyncio.run(run()) == (True, 0)


def test_two_readers_at_once_are_a_mistake_that_is_told():
    async def handler(exchange):
        first = asyncio.create_task(exchange.read_body(10))
        await asyncio.sleep(0)
        with pytest.raises((RuntimeError, BodyAlreadyRead)):
            await exchange.read_body(10)
        first.cancel()
        await asyncio.wait({first})
        exchange.send(200, b"", b"")

    call(handler, http_scope("POST"), piece(b"a", more=True))


def test_what_a_trusted_proxy_says_takes_the_place_of_what_the_server_says():
    seen = []

    def look(exchange):
        exchange.believe_proxy(("203.0.113.9", 0), "https", b"shop.example")
        seen.extend(
            (exchange.client, exchange.scheme, exchange.find_header(b"host"), exchange.find_header(b"x"))
        )
        exchange.send(204, b"", b"")

    call(look)
    assert seen == [("203.0.113.9", 0), "https", b"shop.example", b"1"]


LENGTH_5 = http_scope("POST", headers=[(b"content-length", b"5")])


def test_a_small_body_is_there_before_the_handler():
    seen = []

    def look(exchange):
        seen.append(exchange.body)
        exchange.send(200, b"", b"")

    call(look, LENGTH_5, piece(b"hello"))
    call(look, http_scope("PUT", headers=[(b"content-length", b"0")]), piece())
    call(look, http_scope("POST", headers=[(b"content-length", b"100000")]), piece(b"x"))
    call(look, http_scope("POST"), piece(b"x"))
    assert seen == [b"hello", b"", None, None]


def test_a_small_body_may_come_in_pieces():
    async def handler(exchange):
        assert exchange.body is None
        exchange.send(200, b"", await exchange.read_body(10))

    assert call(handler, LENGTH_5, piece(b"he", more=True), piece(b"llo")).body == b"hello"


def test_a_client_that_goes_before_its_small_body_is_known_to_who_reads_it():
    async def handler(exchange):
        with pytest.raises(ClientDisconnected):
            await exchange.read_body(10)
        exchange.send(200, b"", b"told")

    assert call(handler, LENGTH_5, GONE).body == b"told"


def test_a_small_body_that_does_not_come_is_a_time_out_for_who_reads_it(monkeypatch):
    monkeypatch.setattr(overseer, "TURN_SECONDS", 0)
    monkeypatch.setattr(asgi_inbox.Inbox.__init__, "__defaults__", (0.001,))

    async def handler(exchange):
        with pytest.raises(RequestTimeout):
            await exchange.read_body(10)
        exchange.send(408, b"", b"")

    async def run():
        wire = Wire()
        await AsgiAdapter(FunctionApp(handler))(LENGTH_5, wire.receive, wire.send)
        return wire.sent[0]["status"], asyncio.current_task().cancelling()

    assert asyncio.run(run()) == (408, 0)
