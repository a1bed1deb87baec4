"""Clients that take their time: they are cut at the limits, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from bistro import App, Request
from bistro.ground.portal import Portal
from bistro.serving import Limits, Server
from tests.attacks.raw import OTHERS_SECONDS_MAX, connect, get, listen, talk

CLIENTS_COUNT = 30
LIMITS = Limits(head_timeout_seconds=0.5, keep_alive_timeout_seconds=0.5, stall_timeout_seconds=0.5)


def make_site() -> App:
    app = App(defaults=False)
    app.get("/", blocking=False, name="home")(lambda: "hello")
    app.get("/big", blocking=False, name="big")(lambda: b"x" * 20_000_000)

    @app.post("/body")
    async def read(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    return app


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server with little patience."""
    portal = Portal()
    server = Server(make_site(), port=0, limits=LIMITS)
    portal.run(server.start())
    yield server.port
    portal.close(server.stop(1))


def drip(clients: list[socket.socket], data: bytes) -> None:
    for client in clients:
        try:
            client.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass


ATTACKS = {
    "heads": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n", [408]),
    "first_bytes": (b"G", b"", [408]),
    "bodies": (b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n", b"", [408]),
    "chunks": (
        b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1",
        b"",
        [408],
    ),
    "silence": (b"", b"", []),
    "empty_lines": (b"\r\n", b"\r\n", []),
}


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_slow_clients_are_cut_and_others_are_served_meanwhile(name: str, port: int) -> None:
    first, then, statuses = ATTACKS[name]
    clients = [connect(port) for _ in range(CLIENTS_COUNT)]
    drip(clients, first)
    seconds = []
    for _ in range(5):
        drip(clients, then)
        started = time.perf_counter()
        assert talk(port, get("/")).statuses == [200]
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    for client in clients:
        client.settimeout(4)
        heard = listen(client, 9)
        assert heard.statuses == statuses
        assert heard.is_closed
        client.close()
    assert min(seconds) < OTHERS_SECONDS_MAX
    assert time.perf_counter() - started < 4


@pytest.mark.timed
@pytest.mark.slow
def test_clients_that_ask_for_much_and_read_nothing_are_cut(port: int) -> None:
    clients = [connect(port) for _ in range(5)]
    drip(clients, get("/big"))
    started = time.perf_counter()
    assert talk(port, get("/")).statuses == [200]
    assert time.perf_counter() - started < 1
    for client in clients:
        client.settimeout(4)
        # It reads nothing at all until it is cut: then there is less than it was promised.
        wait_until_cut(client)
        client.close()


def wait_until_cut(client: socket.socket) -> None:
    ends = time.monotonic() + 4
    while time.monotonic() < ends:
        try:
            client.sendall(b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        time.sleep(0.05)  # the only way to hear of a reset without reading
    raise AssertionError("a client that reads nothing was not cut")


@pytest.mark.slow
def test_a_client_that_reads_slowly_but_reads_gets_everything(port: int) -> None:
    with connect(port) as client:
        client.sendall(get("/big"))
        size, started = 0, time.monotonic()
        while size < 20_000_000:
            data = client.recv(1 << 20)
            assert data
            size += len(data)
            if time.monotonic() - started < 1.5:
                time.sleep(0.1)  # slower than the limit for standing still, but never standing still
    assert size > 20_000_000


@pytest.mark.timed
def test_hundreds_of_idle_connections_are_no_burden(port: int) -> None:
    async def go() -> float:
        writers = []
        for _ in range(400):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
        started = time.perf_counter()
        heard = await asyncio.to_thread(talk, port, get("/"))
        spent = time.perf_counter() - started
        for writer in writers:
            writer.close()
        assert heard.statuses == [200]
        return spent

    assert min(asyncio.run(go()) for _ in range(2)) < OTHERS_SECONDS_MAX
