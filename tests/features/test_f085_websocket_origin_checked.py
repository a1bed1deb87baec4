"""F85: the origin of a WebSocket's handshake is checked by default."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bistro import App, WebSocket
from bistro.testing import Client, LiveServer, WebSocketRefused


def make_app() -> App:
    app = App()

    @app.websocket("/own")
    async def own(socket: WebSocket) -> None:
        await socket.send("welcome")

    @app.websocket("/feed", origins=["https://partner.example"])
    async def feed(socket: WebSocket) -> None:
        await socket.send("news")

    return app


def test_f085_pages_of_other_sites_are_refused_and_own_ones_and_programs_are_not() -> None:
    with LiveServer(make_app()) as server:
        address = f"ws://127.0.0.1:{server.port}"
        with pytest.raises(InvalidStatus) as refused, connect(f"{address}/own", origin="http://evil.example"):
            pass
        assert refused.value.response.status_code == 403
        for origin in (None, server.url):
            with connect(f"{address}/own", origin=origin) as socket:
                assert socket.recv(10) == "welcome"


def test_f085_other_sites_can_be_named() -> None:
    with Client(make_app()) as client:
        with client.websocket("/feed", headers={"origin": "https://partner.example"}) as socket:
            assert socket.receive() == "news"
        with pytest.raises(WebSocketRefused), client.websocket("/feed", headers={"origin": "https://evil"}):
            pass
