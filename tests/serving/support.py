"""A connection on a transport in memory: bytes in, bytes out, no socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from bistro.ground.types import Exchange
from bistro.serving import Limits, Server
from bistro.serving.connection import Connection

Handle = Callable[[Exchange], Coroutine[Any, Any, None] | None]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LOOPS: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
GET = b"GET /sync HTTP/1.1\r\nHost: a\r\n\r\n"
_chosen: list[LoopFactory] = [asyncio.new_event_loop]


@pytest.fixture(scope="module", params=sorted(LOOPS), autouse=True)
def both_loops(request: pytest.FixtureRequest) -> Iterator[None]:
    """Imported by a test module: runs all of it on plain asyncio and on uvloop."""
    _chosen.append(LOOPS[request.param])
    yield
    _chosen.pop()


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine on the event loop that is chosen."""
    with asyncio.Runner(loop_factory=_chosen[-1]) as runner:
        return runner.run(asyncio.wait_for(coroutine, 20))


async def settle(turns: int = 30) -> None:
    """Let everything that can happen now happen."""
    for _ in range(turns):
        await asyncio.sleep(0)


class OneFunctionApp:
    """An application that is nothing but one function."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.refusals: list[tuple[int, str]] = []
        self.started = 0

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        self.refusals.append((status, detail))

    async def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.started -= 1


class MemoryTransport(asyncio.Transport):
    """Keeps what is written, and notes how it was ended."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.unsent_size = 0
        self.closed = False
        self.aborted = False
        self.half_closed = False
        self.paused = False

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: Any) -> None:
        assert not self.half_closed, "written behind the end"
        assert not self.closed, "written after the end"
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent_size

    def write_eof(self) -> None:
        self.half_closed = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        assert not self.paused
        assert not self.closed
        self.paused = True

    def resume_reading(self) -> None:
        assert self.paused
        assert not self.closed
        self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 50000) if name == "peername" else default


class Wired:
    """A server's connection with its transport and application."""

    def __init__(self, server: Server, app: OneFunctionApp) -> None:
        self.app = app
        self.server = server
        self.transport = MemoryTransport()
        self.connection = Connection(server)
        self.connection.connection_made(self.transport)

    @property
    def sent(self) -> bytes:
        return self.transport.sent

    @property
    def ended(self) -> bool:
        return self.transport.closed or self.transport.half_closed

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call `function` from the event loop, as asyncio calls a protocol, and let everything settle."""
        loop = asyncio.get_running_loop()
        called = loop.create_future()

        def call() -> None:
            try:
                called.set_result(function(*arguments))
            except BaseException as error:
                called.set_exception(error)

        loop.call_soon(call)
        result = await called
        await settle()
        return result

    async def feed(self, *pieces: bytes) -> bytes:
        """Let each piece arrive in a turn of its own, then let everything settle; all that was sent."""
        loop = asyncio.get_running_loop()
        for piece in pieces:
            if self.ended:
                break
            arrived = loop.create_future()

            def arrive(piece: bytes = piece, arrived: asyncio.Future[None] = arrived) -> None:
                try:
                    self.connection.data_received(piece)
                finally:
                    arrived.set_result(None)

            loop.call_soon(arrive)
            await arrived
        await settle()
        return self.sent

    async def lose(self) -> None:
        """The client is gone."""
        self.transport.closed = True
        await self.call(self.connection.connection_lost, None)


async def wire(handle: Handle, limits: Limits | None = None) -> Wired:
    """A connection whose requests go to `handle`."""
    app = OneFunctionApp(handle)
    server = Server(app, port=0, limits=limits)
    await server.start()
    # Time passes by hand here: a tick of the real clock in between would make a limit come early.
    assert server._ticker is not None
    server._ticker.cancel()
    # Whole seconds: where a fraction is added to past a power of two it is rounded, and ten are not ten.
    server.now = float(round(server.now))
    return Wired(server, app)


async def close(wired: Wired) -> None:
    """Let go of the connection and end its server."""
    if not wired.transport.closed or wired.connection in wired.server._connections:
        await wired.lose()
    await wired.server.stop(grace_seconds=0)


def statuses(sent: bytes) -> list[int]:
    """The status of each answer in `sent`."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", sent)]


def bodies(sent: bytes) -> list[bytes]:
    """The bodies of the answers in `sent`, chunks joined."""
    found = []
    while sent:
        head, _, rest = sent.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length:
            found.append(rest[: int(length[1])])
            sent = rest[int(length[1]) :]
        elif b"transfer-encoding: chunked" in head:
            body, sent = dechunk(rest)
            found.append(body)
        else:
            raise AssertionError(head)
    return found


def dechunk(data: bytes) -> tuple[bytes, bytes]:
    """The body of a chunked message, and what follows it."""
    body = b""
    while True:
        size, _, rest = data.partition(b"\r\n")
        count = int(size, 16)
        body += rest[:count]
        assert rest[count : count + 2] == b"\r\n"
        data = rest[count + 2 :]
        if count == 0:
            return body, data


def post(path: bytes, body: bytes) -> bytes:
    """A request with a body of known length."""
    return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)


def chunked(path: bytes, chunks: list[bytes], trailer: bytes = b"") -> bytes:
    """A request with a body in chunks."""
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk]
    head = b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    return head + b"".join(parts) + b"0\r\n" + trailer + b"\r\n"
