from __future__ import annotations

import asyncio

import pytest

from bistro import App, Text, WebSocket, WebSocketDisconnected
from bistro.testing import AsyncClient, Client, WebSocketRefused
from bistro.testing import socket as client_socket


@pytest.fixture
def app() -> App:
    app = App(defaults=False)

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept(
            headers={"set-cookie": "seen=yes; Path=/", "x-word": socket.request.query.get("word", "")}
        )
        async for message in socket:
            await socket.send(message)

    @app.websocket("/count")
    async def count(socket: WebSocket) -> None:
        for number in range(3):
            await socket.send(str(number))
        await socket.send(b"end")

    @app.websocket("/silent")
    async def silent(socket: WebSocket) -> None:
        await socket.receive()
        await asyncio.Event().wait()

    @app.websocket("/members")
    async def members(socket: WebSocket) -> Text | None:
        if "seen" not in socket.request.cookies:
            return Text("who are you?", status=401)
        await socket.send("welcome")
        return None

    return app


def test_texts_bytes_and_json_go_both_ways(app: App) -> None:
    with Client(app) as client, client.websocket("/echo") as socket:
        socket.send("text")
        assert socket.receive_text() == "text"
        socket.send(b"bytes")
        assert socket.receive_bytes() == b"bytes"
        socket.send_json({"a": [1]})
        assert socket.receive_json(dict[str, list[int]]) == {"a": [1]}
        socket.send("text")
        with pytest.raises(AssertionError, match="a text came"):
            socket.receive_bytes()
        socket.send(b"bytes")
        with pytest.raises(AssertionError, match="a binary message came"):
            socket.receive_text()


def test_iterating_gives_what_comes_until_the_handler_closes(app: App) -> None:
    with Client(app) as client, client.websocket("/count") as socket:
        assert list(socket) == ["0", "1", "2", b"end"]
        assert (socket.close_code, socket.close_reason) == (1000, "")
        with pytest.raises(WebSocketDisconnected):
            socket.receive()
        with pytest.raises(WebSocketDisconnected):
            socket.send("late")


def test_urls_may_name_the_scheme_and_the_query(app: App) -> None:
    with Client(app) as client:
        for url in ("ws://localhost/echo?word=a", "/echo?word=a", "wss://localhost/echo?word=a"):
            with client.websocket(url) as socket:
                assert socket.headers["x-word"] == "a"
        with client.websocket("/echo", params={"word": "b"}) as socket:
            assert socket.headers["x-word"] == "b"


def test_cookies_are_kept_and_sent_as_with_other_requests(app: App) -> None:
    with Client(app) as client:
        with pytest.raises(WebSocketRefused) as refused, client.websocket("/members"):
            pass
        assert (refused.value.response.status, refused.value.response.text) == (401, "who are you?")
        with client.websocket("/echo"):
            pass
        assert client.cookies["seen"] == "yes"
        with client.websocket("/members") as socket:
            assert socket.receive() == "welcome"


def test_waiting_for_a_message_that_never_comes_fails(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_socket, "TIMEOUT_SECONDS", 0.05)
    with Client(app) as client, client.websocket("/silent") as socket, pytest.raises(TimeoutError):
        socket.receive()


def test_an_error_of_the_test_itself_is_what_is_raised(app: App) -> None:
    with Client(app) as client, pytest.raises(LookupError), client.websocket("/echo"):
        raise LookupError


def test_the_async_client_has_the_same(app: App) -> None:
    async def test() -> None:
        async with AsyncClient(app) as client:
            async with client.websocket("/count") as socket:
                assert [message async for message in socket] == ["0", "1", "2", b"end"]
            async with client.websocket("/echo", subprotocols=["unknown"]) as socket:
                assert socket.subprotocol is None
                await socket.send("x")
                assert await socket.receive() == "x"
                await socket.close(4000)
                assert socket.close_code == 4000

    asyncio.run(test())
