"""F215: WebSocket handlers in the same app, with the same injection, hooks and refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bistro import App, Cookie, Routes, WebSocket
from bistro.http import Unauthorized
from bistro.testing import Client, LiveServer


class User:
    def __init__(self, name: str) -> None:
        self.name = name


closed: list[str] = []


def load_user(ticket: Cookie[str] = "") -> Iterator[User]:
    if not ticket:
        raise Unauthorized("Log in first.")
    yield User(ticket)
    closed.append(ticket)


def make_app() -> App:
    app = App()
    app.provide(User, load_user)
    routes = Routes(name="chat")

    @routes.get("/{room}")
    def page(room: str, user: User) -> str:
        return f"{user.name} in {room}"

    @routes.websocket("/{room}", name="socket")
    async def chat(room: str, user: User, socket: WebSocket, greeting: str = "Hello") -> None:
        await socket.send(f"{greeting} {user.name} in {room}")
        async for message in socket:
            await socket.send(message)

    app.include(routes, at="/chat")
    return app


def test_f215_a_socket_takes_what_a_page_takes_on_the_same_path() -> None:
    app = make_app()
    closed.clear()
    with Client(app, cookies={"ticket": "ada"}) as client:
        url = app.url("chat.socket", room="kitchen")
        assert client.get(url).text == "ada in kitchen"
        with client.websocket(url, params={"greeting": "Hi"}) as socket:
            assert socket.receive() == "Hi ada in kitchen"
            socket.send("soup")
            assert socket.receive() == "soup"
    assert closed == ["ada", "ada"]


def test_f215_a_real_client_talks_and_who_is_not_known_gets_an_answer() -> None:
    with LiveServer(make_app()) as server:
        address = f"ws://127.0.0.1:{server.port}/chat/kitchen"
        with connect(address, additional_headers={"Cookie": "ticket=bob"}) as socket:
            assert socket.recv(10) == "Hello bob in kitchen"
            socket.send("soup")
            assert socket.recv(10) == "soup"
        with pytest.raises(InvalidStatus) as refused, connect(address):
            pass
        assert refused.value.response.status_code == 401
        assert b"Log in first." in (refused.value.response.body or b"")
