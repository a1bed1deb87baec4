"""A connection on a transport in memory: bytes in, bytes out, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bistro.ground.types import Exchange
from bistro.serving import Limits, Server
from bistro.serving.connection import Connection

Handle = Callable[[Exchange], Coroutine[Any, Any, None] | None]


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
        self.sent = bytearray()
        self.closed = False
        self.aborted = False
        self.half_closed = False
        self.paused = False

    def write(self, data: Any) -> None:
        assert not self.half_closed, "written behind the end"
        self.sent += data

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
        self.paused = True

    def resume_reading(self) -> None:
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
        return bytes(self.transport.sent)

    @property
    def ended(self) -> bool:
        return self.transport.closed or self.transport.half_closed

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
        for _ in range(30):
            await asyncio.sleep(0)
        return self.sent


async def wire(handle: Handle, limits: Limits | None = None) -> Wired:
    """A connection whose requests go to `handle`."""
    app = OneFunctionApp(handle)
    server = Server(app, port=0, limits=limits)
    await server.start()
    return Wired(server, app)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine."""
    return asyncio.run(coroutine)


async def close(wired: Wired) -> None:
    """Let go of the connection and end its server."""
    wired.connection.connection_lost(None)
    await wired.server.stop(grace_seconds=0)
