"""F223: ping, compression, a limit for messages and back-pressure, without being asked for."""

from __future__ import annotations

import asyncio
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bistro import App, WebSocket, WebSocketOptions
from bistro.testing import LiveServer


def make_app() -> App:
    app = App(websockets=WebSocketOptions(ping_seconds=0.5, pong_seconds=30.0))

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)

    @app.websocket("/flood")
    async def flood(socket: WebSocket) -> None:
        for _ in range(10_000):
            await socket.send(b"x" * 10_000)
            sent.append(1)

    return app


sent: list[int] = []


def open_socket(server: LiveServer, path: str) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{server.port}{path}", max_size=None, ping_interval=None, close_timeout=0.1
    )


def test_f223_long_texts_are_compressed() -> None:
    with LiveServer(make_app()) as server, open_socket(server, "/echo") as socket:
        (extension,) = socket.protocol.extensions
        assert extension.name == "permessage-deflate"
        socket.send("long " * 10_000)
        assert socket.recv(10) == "long " * 10_000


def test_f223_a_message_over_one_mebibyte_closes_with_1009() -> None:
    with LiveServer(make_app()) as server, open_socket(server, "/echo") as socket:
        socket.send(b"x" * 1_048_576)
        assert socket.recv(10) == b"x" * 1_048_576
        with pytest.raises(ConnectionClosed) as closed:
            socket.send(b"x" * 1_048_577)
            socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.slow
def test_f223_a_silent_client_is_pinged() -> None:
    with LiveServer(make_app()) as server:

        async def hear() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            frame = await asyncio.wait_for(reader.readexactly(2), 10)
            writer.close()
            return frame

        assert asyncio.run(hear()) == b"\x89\x00"


def test_f223_a_slow_reader_holds_back_the_handler() -> None:
    sent.clear()
    with LiveServer(make_app()) as server, open_socket(server, "/flood"):
        before = -1
        while before != len(sent):
            before = len(sent)
            time.sleep(0.1)  # until nothing more can be sent; there is no event for that
        assert 0 < before < 2_000
