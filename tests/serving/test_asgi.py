from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from typing import Any

import pytest

from bistro.http.errors import ClientDisconnected, ContentTooLarge, RequestTimeout
from bistro.serving import asgi_inbox
from bistro.serving.asgi import AsgiAdapter, find_raw_path
from bistro.serving.body import BodyAlreadyRead
from bistro.serving.limits import Limits

TEXT = b"content-type: text/plain\r\n"


class FunctionApp:
    """Answers everything with one function of the exchange, plain or async."""

    def __init__(self, handler) -> None:
        self.handler = handler
        self.log: list[Any] = []
        self.fails: Exception | None = None

    def handle(self, exchange):
        result = self.handler(exchange)
        return result if asyncio.iscoroutine(result) else None

    def refuse(self, status, detail, client) -> None:
        self.log.append((status, client))

    async def start(self) -> None:
        self.log.append("start")
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails

    async def stop(self) -> None:
        self.log.append("stop")
        if self.fails is not None:
            raise self.fails


def http_scope(method: str = "GET", path: str = "/", **changes: Any) -> dict[str, Any]:
    """A scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 5000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x", b"1"), (b"x", b"2")],
        "state": {},
    } | changes


def piece(body: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


class Wire:
    """The server's two callables: gives `messages` to who receives, keeps what is sent."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.receivers = 0

    def arrive(self, *messages: dict[str, Any]) -> None:
        self.messages += messages
        self.arrived.set()

    async def receive(self) -> dict[str, Any]:
        self.receivers += 1
        assert self.receivers == 1, "two wait in receive() at once"
        try:
            while not self.messages:
                self.arrived.clear()
                await self.arrived.wait()
            return self.messages.pop(0)
        finally:
            self.receivers -= 1

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def call_async(handler, scope: dict[str, Any], *messages: dict[str, Any]) -> Wire:
    wire = Wire(*messages)
    await AsgiAdapter(FunctionApp(handler))(scope, wire.receive, wire.send)
    return wire


def call(handler, scope: dict[str, Any] | None = None, *messages: dict[str, Any]) -> Wire:
    return asyncio.run(call_async(handler, scope or http_scope(), *(messages or (piece(),))))


# The request


def test_exchange_has_what_the_scope_has():
    seen = {}

    def handler(exchange):
        names = ("method", "raw_path", "query_string", "http_version", "scheme", "client", "root_path")
        seen.update({name: getattr(exchange, name) for name in names})
        seen["x"] = exchange.find_header(b"x"), exchange.find_header(b"y"), len(exchange.header_items())
        with pytest.raises(AttributeError):
            exchange.unknown  # noqa: B018
        exchange.send(204, b"", b"")

    call(handler, http_scope("PATCH", "/a%20b", query_string=b"q=%20", http_version="2", scheme="https"))
    assert seen == {
        "method": "PATCH",
        "raw_path": "/a%20b",
        "query_string": "q=%20",
        "http_version": "2",
        "scheme": "https",
        "client": ("192.0.2.1", 5000),
        "root_path": "",
        "x": (b"1", None, 3),
    }


def test_unix_socket_has_no_client():
    def handler(exchange):
        exchange.send(200, b"", repr(exchange.client).encode())

    assert call(handler, http_scope(client=None)).body == b"None"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        # uvicorn 0.26 and later: the root is in front of both paths.
        ({"path": "/api/a b", "raw_path": b"/api/a%20b", "root_path": "/api"}, "/a%20b"),
        # hypercorn, and proxies that strip the root: it is in neither.
        ({"path": "/a", "raw_path": b"/a", "root_path": "/api"}, "/a"),
        # Mounted by an older framework: stripped from the decoded path only.
        ({"path": "/a", "raw_path": b"/api/a", "root_path": "/api"}, "/a"),
        ({"path": "/api", "raw_path": b"/api", "root_path": "/api"}, "/"),
        ({"path": "/apis", "raw_path": b"/apis", "root_path": "/api"}, "/apis"),
        ({"path": "/api/", "raw_path": b"/api/", "root_path": "/api/"}, "/"),
        ({"path": "/b c/x", "raw_path": b"/b%20c/x", "root_path": "/b c"}, "/x"),
        # Servers without raw_path.
        ({"path": "/a b/é?"}, "/a%20b/%C3%A9%3F"),
        ({"path": "/a", "raw_path": None}, "/a"),
        # The query, where a server left it.
        ({"path": "/a", "raw_path": b"/a?b=c"}, "/a"),
        # RFC 9112 §3.2.2, as uvicorn with h11 passes it on.
        ({"path": "http://localhost/a", "raw_path": b"http://localhost/a"}, "/a"),
        ({"path": "http://localhost", "raw_path": b"HTTP://localhost"}, "/"),
        ({"path": "/%2e%2e//a", "raw_path": b"/%2e%2e//a"}, "/%2e%2e//a"),
    ],
)
def test_path_to_route_is_found_in_every_servers_scope(scope, expected):
    assert find_raw_path(scope) == expected


@pytest.mark.parametrize("raw", [b"*", b"", b"a", b"/\xff", b"ftp://localhost/a", b"javascript:/a"])
def test_path_that_is_none_is_refused(raw):
    app = FunctionApp(lambda exchange: pytest.fail("it was handled"))
    wire = Wire()
    asyncio.run(AsgiAdapter(app)(http_scope(raw_path=raw), wire.receive, wire.send))
    assert wire.sent[0]["status"] == 400
    assert app.log == ["start", (400, ("192.0.2.1", 5000))]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": [(b"x", b"")] * 101}, 431),
        ({"raw_path": b"/" + b"a" * 8192}, 414),
        ({"query_string": b"a" * 8192}, 414),
    ],
)
def test_what_a_server_lets_through_is_limited(changes, status):
    wire = call(lambda exchange: pytest.fail("it was handled"), http_scope(**changes))
    assert wire.sent[0]["status"] == status
    assert dict(wire.sent[0]["headers"])[b"content-length"] == b"%d" % len(wire.body)


def test_refused_head_request_gets_no_body():
    assert call(lambda exchange: None, http_scope("HEAD", raw_path=b"*")).body == b""


def test_limits_can_be_set():
    wire = Wire()
    adapter = AsgiAdapter(FunctionApp(lambda exchange: None), Limits(headers_count_max=2))
    asyncio.run(adapter(http_scope(), wire.receive, wire.send))
    assert wire.sent[0]["status"] == 431


# The answer


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


# The body


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


def test_declared_length_over_the_limit_is_refused_without_asking_for_the_body():
    async def handler(exchange):
        with pytest.raises(ContentTooLarge):
            await exchange.read_body(4)
        exchange.send(413, b"", b"")

    async def run():
        wire = Wire()
        scope = http_scope("POST", headers=[(b"content-length", b"5")])
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


# The client that goes away


@pytest.fixture
def watched_at_once(monkeypatch):
    monkeypatch.setattr(asgi_inbox.Inbox.watch, "__defaults__", (0,))


def until(condition) -> Any:
    async def wait():
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0)

    return wait()


@pytest.mark.usefixtures("watched_at_once")
def test_handler_is_told_that_its_client_has_gone():
    async def run():
        wire = Wire(piece())
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append(1))
            exchange.on_disconnect(lambda: calls.append(2))
            await asyncio.sleep(0)
            wire.arrive(GONE)
            await until(lambda: calls)
            exchange.on_disconnect(lambda: calls.append(3))
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        return calls

    assert asyncio.run(run()) == [1, 2, 3]


@pytest.mark.usefixtures("watched_at_once")
def test_handler_is_cancelled_and_the_servers_task_is_not():
    async def run():
        wire = Wire(piece())
        log = []

        async def handler(exchange):
            try:
                await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        await asyncio.sleep(0)
        return log, wire.sent, asyncio.current_task().cancelling()

    assert asyncio.run(run()) == (["cancelled"], [], 0)


@pytest.mark.usefixtures("watched_at_once")
def test_handler_that_ends_in_spite_of_its_cancellation_leaves_none_to_the_server():
    async def run():
        wire = Wire(piece())

        async def handler(exchange):
            with pytest.raises(asyncio.CancelledError):
                await asyncio.Event().wait()
            exchange.send(200, b"", b"")

        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(run()) == 0


def test_reader_whose_client_has_gone_and_who_goes_on_is_cancelled():
    log = []

    async def handler(exchange):
        with pytest.raises(ClientDisconnected):
            await exchange.read_body(10)
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    async def run():
        wire = Wire()
        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)

    asyncio.run(run())
    assert log == ["cancelled"]


def test_reader_whose_client_has_gone_and_who_ends_leaves_no_cancellation_to_the_server():
    async def handler(exchange):
        await asyncio.sleep(0)
        with pytest.raises(ClientDisconnected):
            await exchange.read_body(10)

    async def run():
        wire = Wire(GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(run()) == 0


def test_cancellation_by_the_server_is_passed_on():
    async def run():
        wire = Wire(piece())
        log = []

        async def handler(exchange):
            try:
                await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        adapter = AsgiAdapter(FunctionApp(handler))
        task = asyncio.create_task(adapter(http_scope(), wire.receive, wire.send))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled(), log

    assert asyncio.run(run()) == (True, ["cancelled"])


@pytest.mark.parametrize("way", ["timeout", "group"])
def test_time_outs_and_task_groups_work_in_a_handler(way):
    async def handler(exchange):
        if way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(0))
        exchange.send(200, b"", b"done")

    assert call(handler).body == b"done"


@pytest.mark.usefixtures("watched_at_once")
def test_watching_takes_no_body_from_its_reader():
    async def handler(exchange):
        exchange.on_disconnect(lambda: None)
        for _ in range(5):
            await asyncio.sleep(0)
        exchange.send(200, b"", await exchange.read_body(100))

    messages = [piece(b"a", more=True), piece(b"b", more=True), piece(b"c")]
    assert call(handler, http_scope("POST"), *messages).body == b"abc"


@pytest.mark.usefixtures("watched_at_once")
def test_reader_gets_the_piece_for_which_the_watcher_waits():
    async def run():
        wire = Wire()
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append("told"))
            await until(lambda: wire.receivers)
            asyncio.get_running_loop().call_soon(wire.arrive, piece(b"a", more=True), piece(b"b"))
            whole = await exchange.read_body(100)
            wire.arrive(GONE)
            await until(lambda: calls)
            exchange.send(200, b"", whole)

        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)
        return wire.body, calls

    assert asyncio.run(run()) == (b"ab", ["told"])


@pytest.mark.usefixtures("watched_at_once")
def test_reader_that_waits_on_the_watcher_sees_the_client_go():
    async def run():
        wire = Wire()

        async def handler(exchange):
            exchange.on_disconnect(lambda: None)
            await until(lambda: wire.receivers)
            asyncio.get_running_loop().call_soon(wire.arrive, GONE)
            with pytest.raises(ClientDisconnected):
                await exchange.read_body(100)

        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)

    asyncio.run(run())


@pytest.mark.usefixtures("watched_at_once")
def test_nobody_is_told_after_the_answer_and_no_task_is_left():
    async def run():
        wire = Wire(piece())
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append("told"))
            await until(lambda: wire.receivers)
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        wire.arrive(GONE)
        await until(lambda: len(asyncio.all_tasks()) == 1)
        return calls

    assert asyncio.run(run()) == []


def test_short_request_makes_no_task_to_watch():
    async def run():
        wire = Wire(piece())

        async def handler(exchange):
            exchange.on_disconnect(lambda: None)
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)

    asyncio.run(run())


# Starting and stopping, and other scopes


def run_lifespan(app: FunctionApp, *kinds: str) -> list[dict[str, Any]]:
    async def run():
        wire = Wire(*[{"type": f"lifespan.{kind}"} for kind in kinds])
        await AsgiAdapter(app)({"type": "lifespan", "asgi": {"version": "3.0"}}, wire.receive, wire.send)
        return wire.sent

    return asyncio.run(run())


def test_lifespan_starts_and_stops_the_application():
    app = FunctionApp(None)
    sent = run_lifespan(app, "startup", "shutdown")
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert app.log == ["start", "stop"]


def test_error_at_the_start_is_told_to_the_server():
    app = FunctionApp(None)
    app.fails = LookupError("no database at port 5432")
    assert run_lifespan(app, "startup") == [
        {"type": "lifespan.startup.failed", "message": "no database at port 5432"}
    ]


def test_error_at_the_stop_is_told_to_the_server():
    app = FunctionApp(None)
    app.fails = LookupError()
    assert run_lifespan(app, "shutdown") == [{"type": "lifespan.shutdown.failed", "message": "LookupError()"}]


def test_server_without_lifespan_starts_the_application_by_its_first_requests_once():
    async def run():
        app = FunctionApp(lambda exchange: exchange.send(200, b"", b""))
        adapter = AsgiAdapter(app)
        wires = [Wire(piece()) for _ in range(3)]
        await asyncio.gather(*[adapter(http_scope(), wire.receive, wire.send) for wire in wires])
        return app.log, [len(wire.sent) for wire in wires]

    assert asyncio.run(run()) == (["start"], [2, 2, 2])


def test_start_goes_on_when_the_client_that_caused_it_goes_away():
    async def run():
        app = FunctionApp(lambda exchange: exchange.send(200, b"", b""))
        adapter = AsgiAdapter(app)
        first = asyncio.create_task(adapter(http_scope(), None, None))
        await asyncio.sleep(0)
        first.cancel()
        wire = Wire(piece())
        await adapter(http_scope(), wire.receive, wire.send)
        return app.log, len(wire.sent)

    assert asyncio.run(run()) == (["start"], 2)


def test_websocket_is_refused_politely():
    wire = call(None, {"type": "websocket"}, {"type": "websocket.connect"})
    assert wire.sent == [{"type": "websocket.close", "code": 1000}]


def test_unknown_scope_is_an_error_as_the_specification_asks():
    with pytest.raises(ValueError, match="carrier-pigeon"):
        call(None, {"type": "carrier-pigeon"})


# Real servers


async def echo(exchange) -> None:
    body = await exchange.read_body(1000)
    text = f"{exchange.method} {exchange.raw_path}?{exchange.query_string} {body.decode()}"
    exchange.send(200, TEXT, text.encode())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def as_function(app: FunctionApp):
    adapter = AsgiAdapter(app)

    async def callable_(scope, receive, send):
        await adapter(scope, receive, send)

    return callable_


def ask(port: int) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/a%20b?c=d", data=b"hello", method="PUT")
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()


@pytest.mark.slow
def test_application_runs_under_uvicorn():
    import uvicorn

    app = FunctionApp(echo)
    config = uvicorn.Config(as_function(app), port=free_port(), log_level="error", ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        answer = ask_until_ready(config.port)
    finally:
        server.should_exit = True
        thread.join(10)
    assert answer == "PUT /a%20b?c=d hello"
    assert app.log == ["start", "stop"]


@pytest.mark.slow
def test_application_runs_under_hypercorn():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    app = FunctionApp(echo)
    config = Config()
    config.bind = [f"127.0.0.1:{free_port()}"]
    config.errorlog = None

    async def run() -> str:
        stop = asyncio.Event()
        server = asyncio.create_task(serve(as_function(app), config, shutdown_trigger=stop.wait))
        try:
            return await asyncio.to_thread(ask_until_ready, int(config.bind[0].rpartition(":")[2]))
        finally:
            stop.set()
            await server

    assert asyncio.run(run()) == "PUT /a%20b?c=d hello"
    assert app.log == ["start", "stop"]


def ask_until_ready(port: int) -> str:
    import time

    for _ in range(100):
        try:
            return ask(port)
        except OSError:
            time.sleep(0.05)  # a foreign server has no other way to tell that it listens
    pytest.fail("the server did not come up")
