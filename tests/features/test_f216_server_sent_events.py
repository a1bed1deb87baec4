"""F216: server-sent events: framed, resumed, kept alive, ended with the client and with the server."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App, Event, EventStream, Header
from bistro.ground import run_in_thread
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, fetch, receive_until

MIB = 1024 * 1024


class Kitchen:
    """Lets a generator go on when the test says so, and tells the test when it was closed."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()
        self.made = 0


def make_app(kitchen: Kitchen) -> App:
    app = App()

    @app.get("/dishes")
    async def dishes(last_event_id: Header[str] = "0") -> EventStream:
        async def made() -> AsyncIterator[Event]:
            try:
                for number in range(int(last_event_id) + 1, 4):
                    yield Event({"dish": number}, event="dish", id=str(number))
            finally:
                kitchen.closed.set()

        return EventStream(made())

    @app.get("/two")
    async def two() -> EventStream:
        async def made() -> AsyncIterator[str]:
            yield "first"
            yield "second" if await run_in_thread(kitchen.go_on.wait, TIMEOUT_SECONDS) else "never"

        return EventStream(made())

    @app.get("/two-sync")
    def two_sync() -> EventStream:
        def made() -> Iterator[str]:
            yield "first"
            yield "second" if kitchen.go_on.wait(TIMEOUT_SECONDS) else "never"

        return EventStream(made())

    @app.get("/quiet")
    async def quiet() -> EventStream:
        async def made() -> AsyncIterator[str]:
            try:
                yield "first"
                await run_in_thread(kitchen.go_on.wait, TIMEOUT_SECONDS)
            finally:
                kitchen.closed.set()

        return EventStream(made(), heartbeat_seconds=0.05)

    @app.get("/flood")
    async def flood() -> EventStream:
        async def made() -> AsyncIterator[str]:
            try:
                while True:
                    kitchen.made += 1
                    yield "x" * MIB
            finally:
                kitchen.closed.set()

        return EventStream(made())

    return app


def test_answer_is_an_event_stream_that_nobody_keeps_or_holds_back() -> None:
    with LiveServer(make_app(Kitchen())) as server:
        answer = fetch(server, "/dishes")

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.text.startswith('event: dish\nid: 1\ndata: {"dish":1}\n\n')


def test_client_that_connects_again_goes_on_behind_its_last_event() -> None:
    with LiveServer(make_app(Kitchen())) as server:
        answer = fetch(server, "/dishes", headers={"Last-Event-ID": "2"})

    assert answer.text == 'event: dish\nid: 3\ndata: {"dish":3}\n\n'


@pytest.mark.parametrize("path", ["/two", "/two-sync"])
def test_first_event_arrives_before_the_second_is_made(path: str) -> None:
    kitchen = Kitchen()
    with LiveServer(make_app(kitchen)) as server, connect(server) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = receive_until(connection, b"data: first\n\n")
        assert b"second" not in received
        kitchen.go_on.set()
        receive_until(connection, b"data: second\n\n")


def test_quiet_stream_sends_a_comment_now_and_then() -> None:
    kitchen = Kitchen()
    with LiveServer(make_app(kitchen)) as server, connect(server) as connection:
        connection.sendall(b"GET /quiet HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = receive_until(connection, b":\n\n")
        kitchen.go_on.set()
    assert received.index(b"data: first\n\n") < received.index(b":\n\n\r\n")


@pytest.mark.parametrize("path", ["/quiet", "/flood"])
def test_generator_is_closed_within_a_second_when_the_client_goes_away(path: str) -> None:
    kitchen = Kitchen()
    # The quiet one waits in a thread, which can't be stopped; here it need not wait any more.
    if path == "/quiet":
        kitchen.go_on.set()
    with LiveServer(make_app(kitchen)) as server:
        with connect(server) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            receive_until(connection, b"data: ")
        assert kitchen.closed.wait(1.0)


def test_generator_waits_for_a_client_that_does_not_read() -> None:
    kitchen = Kitchen()
    with LiveServer(make_app(kitchen)) as server, connect(server) as connection:
        connection.sendall(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
        receive_until(connection, b"data: x")
        # Until nothing more is made: the sockets' buffers are full then, a few MiB.
        made = -1
        while made != kitchen.made:
            made = kitchen.made
            time.sleep(0.1)  # there is nothing to wait for where nothing happens
        assert kitchen.made < 32


@pytest.mark.timed
def test_stream_ends_as_a_whole_answer_when_the_server_stops() -> None:
    app, released = App(), threading.Event()

    @app.get("/")
    async def events() -> EventStream:
        import asyncio

        async def made() -> AsyncIterator[str]:
            try:
                yield "first"
                await asyncio.Event().wait()
            finally:
                released.set()

        return EventStream(made())

    server = LiveServer(app, grace_seconds=TIMEOUT_SECONDS)
    server.start()
    try:
        connection = connect(server)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        receive_until(connection, b"data: first\n\n")
    finally:
        started = time.monotonic()
        server.stop()
    with connection:
        rest = b""
        while piece := connection.recv(4096):
            rest += piece

    assert rest.endswith(b"0\r\n\r\n")  # the last chunk: the client sees a whole answer, and connects again
    assert released.is_set()
    assert time.monotonic() - started < TIMEOUT_SECONDS / 2  # it did not use up the grace
