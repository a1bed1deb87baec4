"""Clients that break off at the worst moment: nothing leaks, nothing spins, nobody else notices (rows 46, 47)."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bistro import App, Request, Stream
from bistro.testing import LiveServer
from tests.attacks.raw import assert_clean, connect, get, post, post_chunked, talk

RESET = struct.pack("ii", 1, 0)
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")


class Site:
    """Handlers that count who is at work."""

    def __init__(self) -> None:
        self.running = 0
        self.app = app = App(defaults=False)
        app.get("/", blocking=False, name="home")(lambda: "hello")

        @app.get("/slow")
        async def slow() -> str:
            self.running += 1
            try:
                await asyncio.sleep(60)
            finally:
                self.running -= 1
            return "slow"

        @app.post("/body")
        async def body(request: Request) -> str:
            self.running += 1
            try:
                return str(len(await request.body()))
            finally:
                self.running -= 1

        @app.get("/endless")
        async def endless() -> Stream:
            async def pieces() -> AsyncIterator[bytes]:
                self.running += 1
                try:
                    while True:
                        yield b"x" * 10_000
                        await asyncio.sleep(0)
                finally:
                    self.running -= 1

            return Stream(pieces(), content_type="text/plain")


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


@pytest.fixture(scope="module")
def port(site: Site) -> Iterator[int]:
    with LiveServer(site.app) as server:
        yield server.port


def wait_until(condition: object, seconds_max: float = 30.0) -> None:
    """Return once `condition()` holds."""
    assert callable(condition)
    ends = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < ends, "in vain"
        os.sched_yield()


REQUESTS = {
    "head": get("/slow"),
    "body": post("/body", b"x" * 1000),
    "chunks": post_chunked("/body", b"100\r\n" + b"x" * 256 + b"\r\n0\r\n\r\n"),
    "slow": get("/slow") + get("/"),
    "endless": get("/endless"),
    "pipeline": get("/") * 50 + get("/slow") + get("/") * 50,
}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@on_linux
@pytest.mark.parametrize("ending", ["close", "reset", "half"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_client_that_breaks_off_anywhere_leaves_nothing(
    name: str, ending: str, site: Site, port: int
) -> None:
    request = REQUESTS[name]
    before = descriptors()
    for place in range(1, len(request) + 1, max(1, len(request) // 25)):
        client = connect(port)
        client.sendall(request[:place])
        if ending == "half":
            client.shutdown(socket.SHUT_WR)
        if ending == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
    wait_until(lambda: descriptors() <= before and site.running == 0)
    assert talk(port, get("/")).statuses == [200]


@on_linux
def test_clients_that_went_away_leave_the_loop_idle(site: Site, port: int) -> None:
    for _ in range(50):
        client = connect(port)
        client.sendall(get("/endless"))
        client.recv(1000)
        client.close()
    wait_until(lambda: site.running == 0)
    done = asyncio.Event()

    async def rest() -> float:
        before = time.process_time()
        try:
            await asyncio.wait_for(done.wait(), 0.3)
        except TimeoutError:
            pass
        return time.process_time() - before

    assert asyncio.run(rest()) < 0.15


def test_twenty_clients_that_go_away_have_their_handlers_cancelled_within_a_second(
    site: Site, port: int
) -> None:
    clients = [connect(port) for _ in range(20)]
    for client in clients:
        client.sendall(get("/slow"))
    wait_until(lambda: site.running == 20)
    for client in clients:
        client.close()
    wait_until(lambda: site.running == 0, 1.0)


def test_a_close_right_behind_a_request_is_heard_after_it(site: Site, port: int) -> None:
    with connect(port) as client:
        client.sendall(get("/"))
        client.shutdown(socket.SHUT_WR)
        data = b""
        while piece := client.recv(1 << 16):
            data += piece
    assert data.endswith(b"hello")


def test_a_pipeline_is_answered_in_order_although_it_comes_in_single_bytes(port: int) -> None:
    request = (
        get("/") + post("/body", b"abc") + get("/nowhere") + post_chunked("/body", b"1\r\nx\r\n0\r\n\r\n")
    )
    heard = talk(port, *(request[place : place + 1] for place in range(len(request))), answers=4)
    assert_clean(heard)
    assert heard.statuses == [200, 200, 404, 200]
    assert heard.bodies[1] == b"3"
    assert heard.bodies[3] == b"1"


def test_many_clients_at_once_get_each_their_own_answers(port: int) -> None:
    async def ask(number: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for size in range(number, number + 5):
            writer.write(post("/body", b"x" * size))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if await reader.readexactly(length) != str(size).encode():
                return False
        writer.close()
        return True

    async def ask_all() -> list[bool]:
        return await asyncio.gather(*(ask(number * 100) for number in range(60)))

    assert all(asyncio.run(ask_all()))


def test_the_memory_of_a_server_does_not_grow_with_the_clients_it_has_had(port: int) -> None:
    def memory() -> int:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def visit(count: int) -> None:
        for _ in range(count):
            assert talk(port, get("/") * 2 + b"nonsense\r\n\r\n", answers=9).statuses == [200, 200, 400]

    if not Path("/proc/self/statm").exists():
        pytest.skip("reads /proc")
    visit(300)
    before = memory()
    visit(1000)
    assert memory() - before < 4_000_000
