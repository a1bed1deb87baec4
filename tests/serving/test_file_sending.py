"""Parts of files that the kernel sends: all of them, in order, to nobody else, and no longer than wanted."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bistro.app import BaseApp
from bistro.http import File
from bistro.serving import Limits, Server, file_sending
from bistro.serving.exchange import DateLine
from bistro.serving.file_sending import SIZE_MIN, TURN_SIZE_MAX
from bistro.serving.heads import STATUS_LINES
from bistro.serving.outlet import Outlet
from tests.serving.support import MemoryTransport, both_loops, run
from tests.timing import is_within

__all__ = ["both_loops"]

CONTENT = os.urandom(2 * TURN_SIZE_MAX + 12_345)
GET = b"GET /big HTTP/1.1\r\nHost: localhost\r\n%b\r\n"

pytestmark = pytest.mark.skipif(not file_sending.CAN_SEND_FILES, reason="files are read and written here")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "big.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def app(big: Path) -> BaseApp:
    app = BaseApp()

    @app.get("/big")
    def send() -> File:
        return File(big)

    @app.get("/small")
    async def small() -> str:
        return "small"

    return app


@pytest.fixture
def sent_by_kernel(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each call of sendfile sent."""
    counts: list[int] = []
    real = os.sendfile

    def count(*arguments: Any) -> int:
        sent = real(*arguments)
        counts.append(sent)
        return sent

    monkeypatch.setattr(os, "sendfile", count)
    return counts


async def ask(port: int, *requests: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(requests))
    return reader, writer


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    return head, await reader.readexactly(length)


def serve(app: BaseApp, go: Callable[[Server], Any], limits: Limits | None = None) -> Any:
    async def around() -> Any:
        server = Server(app, port=0, limits=limits or Limits())
        await server.start()
        try:
            return await go(server)
        finally:
            await server.stop(grace_seconds=0.5)

    return run(around())


def test_a_big_file_comes_whole_and_the_kernel_sends_it(app: BaseApp, sent_by_kernel: list[int]) -> None:
    async def go(server: Server) -> bytes:
        reader, writer = await ask(server.port, GET % b"")
        _, body = await read_answer(reader)
        writer.close()
        return body

    assert serve(app, go) == CONTENT
    assert sum(sent_by_kernel) == len(CONTENT)


def test_a_part_of_it_is_exactly_that_part(app: BaseApp, sent_by_kernel: list[int]) -> None:
    async def go(server: Server) -> tuple[bytes, bytes]:
        reader, writer = await ask(server.port, GET % b"Range: bytes=1000-999999\r\n")
        answer = await read_answer(reader)
        writer.close()
        return answer

    head, body = serve(app, go)
    assert head.startswith(STATUS_LINES[206])
    assert body == CONTENT[1000:1_000_000]
    assert sum(sent_by_kernel) == 999_000


def test_several_parts_have_their_heads_between_them(app: BaseApp) -> None:
    async def go(server: Server) -> bytes:
        reader, writer = await ask(server.port, GET % b"Range: bytes=0-99999,200000-299999\r\n")
        _, body = await read_answer(reader)
        writer.close()
        return body

    body = serve(app, go)
    assert CONTENT[:100_000] in body
    assert CONTENT[200_000:300_000] in body
    assert body.count(b"content-range: ") == 2


def test_answers_to_pipelined_requests_keep_their_order(app: BaseApp) -> None:
    async def go(server: Server) -> list[bytes]:
        small = b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"
        reader, writer = await ask(server.port, small, GET % b"", small, GET % b"", small)
        bodies = [(await read_answer(reader))[1] for _ in range(5)]
        writer.close()
        return bodies

    assert serve(app, go) == [b"small", CONTENT, b"small", CONTENT, b"small"]


def test_a_client_that_reads_slowly_gets_everything_and_holds_nobody_up(app: BaseApp) -> None:
    async def go(server: Server) -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await loop.sock_connect(slow, ("127.0.0.1", server.port))
        await loop.sock_sendall(slow, GET % b"Connection: close\r\n")
        first = await loop.sock_recv(slow, 100)
        reader, writer = await ask(server.port, b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n")
        other = (await read_answer(reader))[1]
        writer.close()
        received = bytearray(first)
        while piece := await loop.sock_recv(slow, 256 * 1024):
            received += piece
        slow.close()
        return other, bytes(received)

    other, received = serve(app, go)
    assert other == b"small"
    assert received.partition(b"\r\n\r\n")[2] == CONTENT


def test_a_client_that_reads_nothing_is_cut(app: BaseApp) -> None:
    async def go(server: Server) -> None:
        loop = asyncio.get_running_loop()
        dead = socket.socket()
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        dead.setblocking(False)
        await loop.sock_connect(dead, ("127.0.0.1", server.port))
        await loop.sock_sendall(dead, GET % b"")
        while not server._connections:
            await asyncio.sleep(0)
        while server._connections:
            await asyncio.sleep(0.01)
        dead.close()

    serve(app, go, Limits(stall_timeout_seconds=0.5))


def test_nothing_stays_open_behind_a_client_that_goes_away(app: BaseApp) -> None:
    async def go(server: Server) -> tuple[int, int]:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            reader, writer = await ask(server.port, GET % b"")
            await reader.readexactly(1000)
            writer.transport.abort()
        while server._connections:
            await asyncio.sleep(0.01)
        return before, len(os.listdir("/proc/self/fd"))

    before, after = serve(app, go)
    assert after <= before


def test_a_file_that_shrinks_breaks_the_answer_off(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.bin"
    path.write_bytes(CONTENT)
    app = BaseApp()

    @app.get("/big")
    def send() -> File:
        file = File(path)
        os.truncate(path, 1000)
        return file

    async def go(server: Server) -> bytes:
        reader, writer = await ask(server.port, GET % b"")
        received = await reader.read()
        writer.close()
        return received

    head, _, body = serve(app, go).partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(CONTENT) in head
    assert len(body) < len(CONTENT)


def refuse(*_: object) -> int:
    raise OSError(22, "not here")


@pytest.mark.parametrize("name", ["dup", "sendfile"])
def test_without_it_the_file_is_read_and_written(
    app: BaseApp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(os, name, refuse)

    async def go(server: Server) -> bytes:
        reader, writer = await ask(server.port, GET % b"")
        _, body = await read_answer(reader)
        writer.close()
        return body

    assert serve(app, go) == CONTENT


def test_it_works_on_a_unix_socket_too(app: BaseApp, tmp_path: Path, sent_by_kernel: list[int]) -> None:
    async def go() -> bytes:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(tmp_path / "s"))
        server = Server(app, sock=listening)
        await server.start()
        try:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write(GET % b"")
            _, body = await read_answer(reader)
            writer.close()
            return body
        finally:
            await server.stop(grace_seconds=0.5)

    assert run(go()) == CONTENT
    assert sum(sent_by_kernel) == len(CONTENT)


def test_small_parts_are_not_worth_it(app: BaseApp, sent_by_kernel: list[int]) -> None:
    async def go(server: Server) -> bytes:
        reader, writer = await ask(server.port, GET % (b"Range: bytes=0-%d\r\n" % (SIZE_MIN - 2)))
        _, body = await read_answer(reader)
        writer.close()
        return body

    assert serve(app, go) == CONTENT[: SIZE_MIN - 1]
    assert sent_by_kernel == []


def test_under_tls_the_file_is_read_and_encrypted(big: Path) -> None:
    async def go() -> int:
        outlet = Outlet(MemoryTransport(), DateLine(), "https", Limits())
        with big.open("rb") as file:
            return await outlet.send_file(file.fileno(), 100, len(CONTENT))

    assert run(go()) == 100


@pytest.mark.parametrize("is_sent_by_kernel", [True, False])
def test_a_download_does_not_hold_the_loop(
    app: BaseApp, monkeypatch: pytest.MonkeyPatch, is_sent_by_kernel: bool
) -> None:
    monkeypatch.setattr(file_sending, "CAN_SEND_FILES", is_sent_by_kernel)

    def download(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(GET % b"Connection: close\r\n")
            received = 0
            while piece := client.recv(1 << 20):
                received += len(piece)
        return received

    async def go(server: Server) -> float:
        loop = asyncio.get_running_loop()
        downloading = loop.run_in_executor(None, download, server.port)
        worst, last = 0.0, loop.time()
        while not downloading.done():
            await asyncio.sleep(0)
            now = loop.time()
            worst, last = max(worst, now - last), now
        assert await downloading > len(CONTENT)
        return worst

    # On a busy machine a single turn may be held up by others; what holds each one is the server.
    assert is_within(min(serve(app, go) for _ in range(3)), 0.05)
