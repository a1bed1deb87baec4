from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from bistro import App, Text, WebSocket, WebSocketDisconnected
from bistro.http import Forbidden
from bistro.serving.asgi import AsgiAdapter
from tests.serving.asgi_wire import Wire, http_scope

CONNECT = {"type": "websocket.connect"}
HAS_ANSWERS = {"extensions": {"websocket.http.response": {}}}


def scope(path: str = "/", **changes: Any) -> dict[str, Any]:
    """A scope of a WebSocket as uvicorn makes it."""
    made = http_scope(path=path, type="websocket", scheme="ws", subprotocols=[]) | changes
    del made["method"]
    return made


def said(**content: str | bytes) -> dict[str, Any]:
    return {"type": "websocket.receive", **content}


def gone(code: int = 1001, reason: str = "") -> dict[str, Any]:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def serve(app: App, given: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server was told; a handler that never ends fails the test."""
    wire = Wire(CONNECT, *messages)
    asyncio.run(asyncio.wait_for(AsgiAdapter(app)(given, wire.receive, wire.send), 10))
    return wire.sent


@pytest.fixture
def app() -> App:
    return App(defaults=False)


def test_messages_go_both_ways(app: App) -> None:
    @app.websocket("/{room}")
    async def echo(socket: WebSocket, room: str) -> None:
        await socket.accept(headers={"x-room": room})
        for _ in range(3):
            await socket.send(await socket.receive())

    sent = serve(app, scope("/a"), said(text="hé"), said(bytes=b"\xff"), said(text=None, bytes=b"x"))
    assert sent[0] == {"type": "websocket.accept", "subprotocol": None, "headers": [(b"x-room", b"a")]}
    assert sent[1:-1] == [
        {"type": "websocket.send", "text": "hé"},
        {"type": "websocket.send", "bytes": b"\xff"},
        {"type": "websocket.send", "bytes": b"x"},
    ]


def test_a_handler_that_returns_closes_with_1000(app: App) -> None:
    @app.websocket("/")
    async def hello(socket: WebSocket) -> None:
        socket_scheme.append(socket.request.scheme)
        await socket.send("hello")

    socket_scheme: list[str] = []
    sent = serve(app, scope(scheme="wss"))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert (sent[-1]["code"], socket_scheme) == (1000, ["https"])


def test_refusals_are_answers_where_the_server_can_send_them_and_else_403(app: App) -> None:
    @app.websocket("/")
    async def refuse(socket: WebSocket) -> None:
        raise Forbidden("not you")

    start, body = serve(app, scope(**HAS_ANSWERS))
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert body["type"] == "websocket.http.response.body"
    assert b"not you" in body["body"]
    start, _ = serve(app, scope("/nowhere", **HAS_ANSWERS))
    assert start["status"] == 404
    assert serve(app, scope()) == [{"type": "websocket.close", "code": 1008, "reason": ""}]


def test_pages_refuse_sockets_as_they_answer_other_requests(app: App) -> None:
    app.get("/page")(lambda: Text("a page"))
    start, body = serve(app, scope("/page", **HAS_ANSWERS))
    assert (start["status"], body["body"]) == (200, b"a page")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"raw_path": b"/\xff"}, 400),
        ({"headers": [(b"x", b"1")] * 101}, 431),
        ({"query_string": b"x" * 9000}, 414),
    ],
)
def test_limits_hold_for_handshakes(app: App, changes: dict[str, Any], status: int) -> None:
    start, _ = serve(app, scope(**HAS_ANSWERS, **changes))
    assert start["status"] == status


def test_a_message_over_the_limit_closes_with_1009(app: App) -> None:
    heard: list[int] = []

    @app.websocket("/", message_size_max=4)
    async def handler(socket: WebSocket) -> None:
        async for _ in socket:
            pass
        heard.append(socket.close_code or 0)

    assert serve(app, scope(), said(text="four"), said(text="äää"))[-1]["code"] == 1009
    assert serve(app, scope(), said(bytes=b"12345"))[-1]["code"] == 1009
    assert heard == [1009, 1009]


def test_a_handler_that_does_not_listen_is_cancelled_and_the_servers_task_is_not(app: App) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def deaf(socket: WebSocket) -> None:
        socket.request.exchange.on_disconnect(lambda: log.append("called"))
        await socket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("ended")

    serve(app, scope(), gone())
    assert log == ["called", "ended"]


def test_no_more_is_taken_from_the_server_than_the_handler_is_behind(app: App) -> None:
    async def run() -> tuple[int, int]:
        go_on = asyncio.Event()

        @app.websocket("/")
        async def slow(socket: WebSocket) -> None:
            await socket.accept()
            await go_on.wait()
            async for _ in socket:
                pass

        wire = Wire(CONNECT, *[said(text=str(number)) for number in range(100)], gone())
        task = asyncio.ensure_future(AsgiAdapter(app)(scope(), wire.receive, wire.send))
        for _ in range(200):
            await asyncio.sleep(0)
        left = len(wire.messages)
        go_on.set()
        await asyncio.wait_for(task, 10)
        return left, len(wire.messages)

    assert asyncio.run(run()) == (85, 0)


def test_a_server_that_says_by_an_error_that_the_client_has_gone_is_understood(app: App) -> None:
    heard: list[int] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.send("x")
        except WebSocketDisconnected as error:
            heard.append(error.close_code)

    async def run() -> None:
        wire = Wire(CONNECT)

        async def send(message: dict[str, Any]) -> None:
            if message["type"] != "websocket.accept":
                raise OSError

        await asyncio.wait_for(AsgiAdapter(app)(scope(), wire.receive, send), 10)

    asyncio.run(run())
    assert heard == [1006]


def test_messages_without_waiting_are_kept_within_bounds(app: App) -> None:
    @app.websocket("/cut", send_queue_max=3)
    async def cut(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(10):
            socket.send_nowait(str(number))
        assert socket.close_code == 1013

    @app.websocket("/drop", send_queue_max=3, when_behind="drop_oldest")
    async def drop(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(10):
            socket.send_nowait(str(number))
        await socket.send("last")

    assert serve(app, scope("/cut"))[-1]["code"] == 1013
    texts = [message.get("text") for message in serve(app, scope("/drop"))[1:-1]]
    assert texts == ["7", "8", "9", "last"]


def test_messages_without_waiting_to_a_client_that_has_gone_are_no_error(app: App) -> None:
    heard: list[int] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        socket.send_nowait("x")
        with pytest.raises(WebSocketDisconnected) as caught:
            await socket.receive()
        heard.append(caught.value.close_code)

    async def run() -> None:
        wire = Wire(CONNECT)

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                raise OSError

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context))  # type: ignore[arg-type]
        await asyncio.wait_for(AsgiAdapter(app)(scope(), wire.receive, send), 10)
        gc.collect()

    asyncio.run(run())
    assert heard == [1006]


def test_a_server_that_fails_to_receive_has_lost_its_client(app: App) -> None:
    heard: list[int] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        async for _ in socket:
            pass
        heard.append(socket.close_code or 0)

    async def run() -> None:
        messages = [CONNECT]

        async def receive() -> dict[str, Any]:
            return messages.pop()  # raises IndexError the second time

        await asyncio.wait_for(AsgiAdapter(app)(scope(), receive, Wire().send), 10)

    asyncio.run(run())
    assert heard == [1006]


def test_a_cancelled_server_task_cancels_the_handler(app: App) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("ended")

    async def run() -> None:
        wire = Wire(CONNECT)
        task = asyncio.ensure_future(AsgiAdapter(app)(scope(), wire.receive, wire.send))
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        await asyncio.sleep(0)
        assert task.cancelled()

    asyncio.run(run())
    assert log == ["ended"]
