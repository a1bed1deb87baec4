"""F16: a handler reads the body as a stream: each piece as it arrives, never the whole in memory."""

from __future__ import annotations

import json
import queue

from bistro import App, Request
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, receive_until

MIB = 1024 * 1024


def make_app(pieces: queue.Queue[bytes]) -> App:
    app = App()

    @app.post("/pieces")
    async def take_pieces(request: Request) -> str:
        async for piece in request.stream():
            pieces.put(piece)
        return "end"

    @app.post("/large")
    async def measure(request: Request) -> dict[str, int]:
        size = largest = 0
        async for piece in request.stream(size_max=40 * MIB):
            size, largest = size + len(piece), max(largest, len(piece))
        return {"size": size, "largest": largest}

    @app.post("/limited")
    async def limited(request: Request) -> str:
        async for piece in request.stream(size_max=8):
            pieces.put(piece)
        return "end"

    return app


def test_first_piece_is_there_before_the_client_sends_the_second() -> None:
    pieces: queue.Queue[bytes] = queue.Queue()
    with LiveServer(make_app(pieces)) as server, connect(server) as connection:
        head = b"POST /pieces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"5\r\nfirst\r\n")
        assert pieces.get(timeout=TIMEOUT_SECONDS) == b"first"
        connection.sendall(b"6\r\nsecond\r\n")
        assert pieces.get(timeout=TIMEOUT_SECONDS) == b"second"
        connection.sendall(b"0\r\n\r\n")
        answer = receive_until(connection, b"end")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert pieces.empty()


def test_large_body_comes_in_small_pieces() -> None:
    with LiveServer(make_app(queue.Queue())) as server, connect(server) as connection:
        connection.sendall(
            b"POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (32 * MIB)
        )
        for _ in range(32):
            connection.sendall(bytes(MIB))
        answer = receive_until(connection, b"}")

    measured = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert measured["size"] == 32 * MIB
    assert measured["largest"] <= MIB


def test_body_beyond_the_limit_is_refused_while_it_arrives() -> None:
    pieces: queue.Queue[bytes] = queue.Queue()
    with LiveServer(make_app(pieces)) as server, connect(server) as connection:
        head = b"POST /limited HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"5\r\nfirst\r\n")
        assert pieces.get(timeout=TIMEOUT_SECONDS) == b"first"
        connection.sendall(b"6\r\nsecond\r\n")
        # The body never ends: the refusal does not wait for it.
        answer = receive_until(connection, b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
