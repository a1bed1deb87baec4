"""F272: a test client for async tests, and for WebSockets."""

from __future__ import annotations

import asyncio

from bistro import App, WebSocket
from bistro.testing import AsyncClient, Client


def make_app() -> App:
    app = App()

    @app.get("/")
    async def index() -> str:
        return "page"

    @app.websocket("/double")
    async def double(socket: WebSocket) -> None:
        while True:
            await socket.send_json(2 * await socket.receive_json(int))

    return app


def test_f272_a_plain_test_talks_over_a_websocket() -> None:
    with Client(make_app()) as client, client.websocket("/double") as socket:
        socket.send_json(21)
        assert socket.receive_json() == 42


def test_f272_an_async_test_asks_for_pages_and_talks() -> None:
    async def test() -> None:
        async with AsyncClient(make_app()) as client:
            assert (await client.get("/")).text == "page"
            async with client.websocket("/double") as one, client.websocket("/double") as two:
                await one.send_json(1)
                await two.send_json(2)
                assert [await one.receive_json(), await two.receive_json()] == [2, 4]

    asyncio.run(test())
