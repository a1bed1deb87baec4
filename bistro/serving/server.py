"""The production server: listens, keeps the time, and stops without losing an answer."""

from __future__ import annotations

import asyncio
import socket
import time
from ssl import SSLContext

from bistro.ground.types import Application
from bistro.http.dates import format_http_date
from bistro.serving.connection import Connection
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import DateLine
from bistro.serving.limits import Limits

BACKLOG = 2048
CANCEL_SECONDS = 1.0
"""How long handlers that were cancelled at the end of the grace may take to clean up."""
TICK_SECONDS = 1.0


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
        self.now = time.monotonic()
        self.stopping = False
        self._sock = sock
        self._ssl = ssl
        self._connections: set[Connection] = set()
        self._empty: asyncio.Event | None = None
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self.runner: EagerRunner

    async def start(self) -> None:
        """Open the app, then listen. Raises OSError if the address can't be had."""
        loop = asyncio.get_running_loop()
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

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Stop listening, let the answers on their way finish for `grace_seconds`, then close the app."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        if not await self._wait_until_empty(grace_seconds):
            for connection in list(self._connections):
                connection.cut()
            await self._wait_until_empty(CANCEL_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()
        await self.runner.close()
        await self.app.stop()

    # --- what connections call --------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A client has come."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """It is gone, and nothing runs on its behalf any more."""
        self._connections.discard(connection)
        if self._empty is not None and not self._connections:
            self._empty.set()

    # ----------------------------------------------------------------------------------------------

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        scheme = "https" if self._ssl else "http"

        def connect() -> Connection:
            return Connection(self, scheme=scheme)

        sock = self._sock
        if sock is None:
            return await loop.create_server(connect, self.host, self.port, ssl=self._ssl, backlog=BACKLOG)
        if sock.family == socket.AF_UNIX:
            return await loop.create_unix_server(connect, sock=sock, ssl=self._ssl, backlog=BACKLOG)
        return await loop.create_server(connect, sock=sock, ssl=self._ssl, backlog=BACKLOG)

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
        self.date.line = f"\r\ndate: {format_http_date(time.time())}\r\n\r\n".encode()
        for connection in list(self._connections):
            connection.check_time(self.now)
