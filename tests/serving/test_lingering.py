"""Closing over TLS while the client may still be sending."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from pathlib import Path

import pytest

from bistro import App, Request
from bistro.cli.local_certificate import get_local_certificate
from bistro.serving.lingering import Lingering, linger
from bistro.serving.outlet import LINGER_SECONDS
from tests.serving.support import MemoryTransport, run, statuses
from tests.serving.websocket_wire import LOOPS, TIMEOUT_SECONDS, running

SIZE = 4_000_000


class WholeTransport(MemoryTransport):
    """A transport that can't close one half of its connection, like those of TLS."""

    def can_write_eof(self) -> bool:
        return False


class Before(asyncio.Protocol):
    def __init__(self) -> None:
        self.told: list[str] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


def test_where_half_a_connection_can_be_closed_it_is() -> None:
    transport = MemoryTransport()
    linger(transport, Before())
    assert transport.half_closed
    assert not transport.closed


def test_a_client_is_heard_out_until_it_is_quiet_and_has_all() -> None:
    async def go() -> list[bool]:
        transport = WholeTransport()
        lingering = Lingering(transport, Before())
        closed = []
        for unsent, data in ((0, b"x"), (9, b""), (0, b"")):
            transport.unsent_size = unsent
            if data:
                lingering.data_received(data)
            lingering._close_if_quiet()
            closed.append(transport.closed)
        lingering.connection_lost(None)
        return closed

    assert run(go()) == [False, False, True]


def test_who_had_the_connection_is_told_what_becomes_of_it() -> None:
    async def go() -> list[str]:
        before = Before()
        lingering = Lingering(WholeTransport(), before)
        lingering.pause_writing()
        lingering.resume_writing()
        lingering.connection_lost(None)
        return before.told

    assert run(go()) == ["pause", "resume", "lost"]


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for the server, and for a client."""
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    return get_local_certificate(tmp_path).open(), client


def make_app() -> App:
    app = App(defaults=False)

    @app.post("/")
    async def take(request: Request) -> str:
        await request.exchange.read_body(1000)
        return "small"

    return app


def connect(port: int, tls: ssl.SSLContext) -> ssl.SSLSocket:
    return tls.wrap_socket(socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS))


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % SIZE


@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_a_refused_body_may_be_sent_to_its_end_and_the_answer_is_there(
    loop: str, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with running(make_app(), loop, tls=tls[0]) as server, connect(server.port, tls[1]) as client:
        client.sendall(HEAD + b"x")
        while not any(each._outlet.is_closing for each in server.connections()):
            time.sleep(0.005)
        for _ in range(SIZE // 100_000):
            client.sendall(b"x" * 100_000)
        received = b""
        while data := client.recv(65_536):
            received += data
    assert statuses(received) == [413]


@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_a_client_that_never_ends_is_cut(loop: str, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with running(make_app(), loop, tls=tls[0]) as server, connect(server.port, tls[1]) as client:
        client.sendall(HEAD + b"x")
        while not any(each._outlet.is_closing for each in server.connections()):
            time.sleep(0.005)
        (connection,) = server.connections()
        server.call(connection.check_time, time.monotonic() + LINGER_SECONDS + 1)
        assert b" 413 " in client.recv(65_536)
        with contextlib.suppress(OSError):
            assert client.recv(1) == b""
