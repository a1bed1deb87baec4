from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bistro import App, Text, WebSocket, WebSocketDisconnected
from bistro.http import Forbidden
from bistro.serving.rsgi import RsgiAdapter
from bistro.serving.rsgi_socket import SubprotocolError
from tests.serving.rsgi_wire import Scope


class Message:
    def __init__(self, data: str | bytes | None = None) -> None:
        self.kind = 0 if data is None else 2 if isinstance(data, str) else 1
        self.data = data


class Socket:
    """A WebSocket of granian: `messages` come, then the client is gone without a word."""

    def __init__(self, *messages: str | bytes | None) -> None:
        self._messages = [Message(data) for data in messages]
        self.done: list[Any] = []
        self.is_gone = False
        self._is_sending = False

    async def accept(self) -> Socket:
        if self.is_gone:
            raise RuntimeError("protocol")
        self.done.append("accepted")
        return self

    def close(self, status: int | None) -> None:
        if ("closed", None) not in self.done:
            self.done.append(("closed", status))

    async def receive(self) -> Message:
        await asyncio.sleep(0)
        if not self._messages:
            raise RuntimeError("closed")
        return self._messages.pop(0)

    async def send_str(self, data: str | bytes) -> None:
        assert not self._is_sending, "two send at once"
        if self.is_gone:
            raise RuntimeError("closed")
        self._is_sending = True
        await asyncio.sleep(0)
        self._is_sending = False
        self.done.append(data)

    send_bytes = send_str


def serve(app: App, socket: Socket, **changes: Any) -> list[Any]:
    """What was done with the socket; a handler that never ends fails the test."""
    adapter = RsgiAdapter(app)

    async def run() -> None:
        await app.start()
        await asyncio.wait_for(adapter.serve(Scope(proto="ws", **changes), socket), 10)  # type: ignore[arg-type]

    asyncio.run(run())
    return socket.done


@pytest.fixture
def app() -> App:
    return App(defaults=False)


def test_messages_go_both_ways_and_the_end_is_heard(app: App) -> None:
    heard: list[object] = []

    @app.websocket("/{room}")
    async def echo(socket: WebSocket, room: str) -> None:
        messages = [message async for message in socket]
        heard.extend((*messages, room, socket.close_code, socket.request.scheme))

    @app.websocket("/hello")
    async def hello(socket: WebSocket) -> None:
        await socket.send("hé")
        await socket.send(b"\xff")

    serve(app, Socket("hé", b"\xff", "", None), path="/a", scheme="https")
    assert heard == ["hé", b"\xff", "", "a", 1005, "https"]
    sent = serve(app, Socket(*["x"] * 99), path="/hello")
    assert sent == ["accepted", "hé", b"\xff", ("closed", None)]


def test_a_client_gone_without_a_word_ends_who_listens_and_who_does_not(app: App) -> None:
    heard: list[object] = []

    @app.websocket("/listens")
    async def listens(socket: WebSocket) -> None:
        async for _ in socket:
            pass
        heard.append(socket.close_code)

    @app.websocket("/deaf")
    async def deaf(socket: WebSocket) -> None:
        socket.request.exchange.on_disconnect(lambda: heard.append("called"))
        await socket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            heard.append("ended")

    serve(app, Socket(), path="/listens")
    serve(app, Socket(None), path="/deaf")
    assert heard == [1006, "called", "ended"]


@pytest.mark.parametrize(("path", "status"), [("/", 403), ("/nowhere", 404), ("/page", 200), ("/read", 403)])
def test_refusals_have_their_status(app: App, path: str, status: int) -> None:
    @app.websocket("/")
    async def refuse(socket: WebSocket) -> None:
        raise Forbidden("not you")

    @app.websocket("/read")
    async def read(socket: WebSocket) -> None:
        raise Forbidden((await socket.request.exchange.read_body(10)).decode())

    app.get("/page")(lambda: Text("a page"))
    assert serve(app, Socket(), path=path)[0] == ("closed", status)


@pytest.mark.parametrize(
    ("changes", "status"), [({"path": "*"}, 400), ({"path": "/", "query_string": "x" * 9000}, 414)]
)
def test_limits_hold_for_handshakes(app: App, changes: dict[str, Any], status: int) -> None:
    assert serve(app, Socket(), **changes) == [("closed", status)]


def test_a_message_over_the_limit_closes(app: App) -> None:
    heard: list[object] = []

    @app.websocket("/", message_size_max=4)
    async def handler(socket: WebSocket) -> None:
        async for message in socket:
            heard.append(message)
        heard.append(socket.close_code)

    assert serve(app, Socket("four", "äää", "more")) == ["accepted", ("closed", None)]
    assert heard == ["four", 1009]


def test_a_subprotocol_that_the_client_would_not_hear_of_is_refused(app: App) -> None:
    caught: list[str] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        with pytest.raises(SubprotocolError) as error:
            await socket.accept("v1")
        caught.append(str(error.value))
        raise error.value

    scope = Scope(("sec-websocket-protocol", "v1"))
    assert serve(app, Socket(), headers=scope.headers) == [("closed", 500), ("closed", None)]
    assert "--interface asgi" in caught[0]


def test_messages_of_several_tasks_are_sent_one_after_the_other(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.gather(*(socket.send(str(number)) for number in range(5)))
        socket.send_nowait("a")
        await socket.send("b")

    assert serve(app, Socket("x" * 9, *["y"] * 99)) == ["accepted", *"01234ab", ("closed", None)]


@pytest.mark.parametrize("is_accepted", [False, True])
def test_sending_to_a_client_that_has_gone_says_so(app: App, is_accepted: bool) -> None:
    heard: list[int] = []
    link = Socket(*["x"] * 99)

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        link.is_gone = not is_accepted
        try:
            await socket.accept()
            link.is_gone = True
            await socket.send("x")
        except WebSocketDisconnected as error:
            heard.append(error.close_code)

    serve(app, link)
    assert heard == [1006]
