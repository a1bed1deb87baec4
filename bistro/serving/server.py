"""The production server: listens, keeps the time, and stops without losing an answer."""

from __future__ import annotations

import asyncio
import socket
import time
from math import inf
from ssl import SSLContext
from typing import TypedDict

from bistro.ground.log import get_logger
from bistro.ground.types import Application
from bistro.http.dates import format_http_date
from bistro.serving.binding import BACKLOG
from bistro.serving.connection import Connection
from bistro.serving.descriptors import count_connections_max
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import DateLine
from bistro.serving.limits import Limits
from bistro.serving.repeats import KnownHeads, KnownLines
from bistro.serving.served import Served

CANCEL_SECONDS = 1.0
"""How long handlers that were cancelled at the end of the grace may take to clean up."""
TICK_SECONDS = 1.0
ACCEPT_TURNS = 5
"""In so many turns of the event loop a socket that is accepted becomes a connection."""
FULL_AGAIN_SECONDS = 60.0
"""A server that turns clients away says so in the log at most once in this time."""

log = get_logger("bistro.server")
_FULL_FIX = "New clients are turned away with 503: raise the limit of open files (ulimit -n), or add servers."


class _ListenOptions(TypedDict, total=False):
    ssl: SSLContext | None
    backlog: int
    ssl_handshake_timeout: float
    ssl_shutdown_timeout: float


class Server:
    """Serves an `Application` on one address, in the event loop in which `start` is awaited.

    `port=0` takes a free port; `.port` tells which. `sock` is an already bound socket instead, also
    a UNIX one.
    """

    def __init__(
        self,
        app: Application,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        sock: socket.socket | None = None,
        limits: Limits | None = None,
        ssl: SSLContext | None = None,
    ) -> None:
        self.app = app
        self.host = host
        self.port = port
        self.limits = limits or Limits()
        self.date = DateLine()
        self.known_heads = KnownHeads()
        self.known_lines = KnownLines()
        self.now = time.monotonic()
        self.stopping = False
        self.parting_seconds = 0.0
        self.is_full = False
        self._connections_max: float = self.limits.connections_count_max or inf
        self._silent_until = 0.0
        self._sock = sock
        self._ssl = ssl
        self._connections: set[Served] = set()
        self._empty: asyncio.Event | None = None
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self.runner: EagerRunner

    async def start(self) -> None:
        """Open the app, then listen. Raises OSError if the address can't be had."""
        loop = asyncio.get_running_loop()
        if self.limits.connections_count_max is None:
            self._connections_max = count_connections_max() or inf
        self.runner = EagerRunner(loop)
        try:
            await self.runner.prepare()
            await self.app.start()
            try:
                self._server = await self._listen(loop)
            except BaseException:
                await self.app.stop()
                raise
        except BaseException:
            await self.runner.close()
            raise
        name = self._server.sockets[0].getsockname()
        self.port = name[1] if isinstance(name, tuple) else self.port
        self._tick()

    async def stop(self, grace_seconds: float = 10.0, *, parting_seconds: float = 0.0) -> None:
        """Stop listening, let the answers on their way finish for `grace_seconds`, then close the app.

        Idle clients are parted from at once, or may send one last request for `parting_seconds`.
        """
        self.stopping = True
        self.parting_seconds = min(parting_seconds, grace_seconds)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        await self._let_them_in()
        if not await self._wait_until_empty(grace_seconds):
            for connection in list(self._connections):
                connection.cut()
            await self._wait_until_empty(CANCEL_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()
        await self.runner.close()
        await self.app.stop()

    # --- what connections call --------------------------------------------------------------------

    def opened(self, connection: Served) -> None:
        """A client has come, or its connection speaks another protocol from now on."""
        self._connections.add(connection)
        self.is_full = len(self._connections) > self._connections_max
        if self.is_full and self.now >= self._silent_until:
            self._silent_until = self.now + FULL_AGAIN_SECONDS
            log.warning("server.full", connections=len(self._connections) - 1, fix=_FULL_FIX)

    def closed(self, connection: Served) -> None:
        """It is gone, and nothing runs on its behalf any more."""
        self._connections.discard(connection)
        if self._empty is not None and not self._connections:
            self._empty.set()

    # ----------------------------------------------------------------------------------------------

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        scheme = "https" if self._ssl else "http"

        def connect() -> Connection:
            return Connection(self, scheme=scheme)

        sock, seconds = self._sock, self.limits.head_timeout_seconds
        options = _ListenOptions(ssl=self._ssl, backlog=BACKLOG)
        if self._ssl is not None:
            # Until hands are shaken no connection is made, so that its own time limits don't hold yet.
            options["ssl_handshake_timeout"] = options["ssl_shutdown_timeout"] = seconds
        if sock is None:
            return await loop.create_server(connect, self.host, self.port, **options)
        if sock.family == socket.AF_UNIX:
            return await loop.create_unix_server(connect, sock=sock, **options)
        return await loop.create_server(connect, sock=sock, **options)

    async def _let_them_in(self) -> None:
        """Wait for the clients that have been accepted, but are no connections yet."""
        for _ in range(ACCEPT_TURNS):
            await asyncio.sleep(0)
        if self._ssl is not None:
            await asyncio.sleep(self.parting_seconds)  # they are shaking hands

    async def _wait_until_empty(self, seconds: float) -> bool:
        """Whether all connections have ended within `seconds`."""
        if self._connections:
            self._empty = asyncio.Event()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                return False
        return True

    def _tick(self) -> None:
        """Once a second: the date of all answers, and the time limits of all connections."""
        self._ticker = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        self.now = time.monotonic()
        self.known_heads.renew()
        self.known_lines.renew()
        self.date.line = f"\r\ndate: {format_http_date(time.time())}\r\n\r\n".encode()
        for connection in list(self._connections):
            connection.check_time(self.now)
