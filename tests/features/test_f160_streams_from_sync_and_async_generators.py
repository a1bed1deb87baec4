"""F160: a sync or async generator is sent piece by piece, while it runs."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App, Stream
from bistro.ground import run_in_thread
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, fetch, receive_until


class Steps:
    """Lets a generator go on when the test says so, and tells the test when it was closed."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()


def make_app(steps: Steps) -> App:
    app = App()

    def pieces() -> Iterator[str]:
        try:
            yield "first "
            yield "second" if steps.go_on.wait(TIMEOUT_SECONDS) else "never"
        finally:
            steps.closed.set()

    async def pieces_async() -> AsyncIterator[bytes]:
        try:
            yield b"first "
            yield b"second" if await run_in_thread(steps.go_on.wait, TIMEOUT_SECONDS) else b"never"
        finally:
            steps.closed.set()

    @app.get("/sync")
    def stream() -> Stream:
        return Stream(pieces(), content_type="text/plain", status=201, headers={"x-note": "hi"})

    @app.get("/async")
    async def stream_async() -> Stream:
        return Stream(pieces_async(), content_type="text/plain", status=201, headers={"x-note": "hi"})

    @app.get("/sync-handler")
    def generate() -> Iterator[str]:
        yield from pieces()

    @app.get("/async-handler")
    async def generate_async() -> AsyncIterator[bytes]:
        async for piece in pieces_async():
            yield piece

    @app.get("/endless")
    async def endless() -> Stream:
        async def count() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(65536)
            finally:
                steps.closed.set()

        return Stream(count())

    return app


@pytest.mark.parametrize("path", ["/sync", "/async", "/sync-handler", "/async-handler"])
def test_first_piece_arrives_before_the_second_is_made(path: str) -> None:
    steps = Steps()
    with LiveServer(make_app(steps)) as server, connect(server) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = receive_until(connection, b"first ")
        assert b"second" not in received
        steps.go_on.set()
        received += receive_until(connection, b"0\r\n\r\n")

    assert b"second" in received
    assert b"\r\ntransfer-encoding: chunked\r\n" in received.lower()


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_stream_has_status_type_and_headers_and_arrives_whole(path: str) -> None:
    steps = Steps()
    steps.go_on.set()
    with LiveServer(make_app(steps)) as server:
        answer = fetch(server, path)

    assert (answer.status, answer.text) == (201, "first second")
    assert (answer.headers["content-type"], answer.headers["x-note"]) == ("text/plain", "hi")


def test_generator_is_closed_when_the_client_goes_away() -> None:
    steps = Steps()
    with LiveServer(make_app(steps)) as server:
        with connect(server) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            receive_until(connection, b"\r\n\r\n")
        assert steps.closed.wait(TIMEOUT_SECONDS)
