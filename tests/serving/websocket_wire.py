"""Raw frames to a real server, on either event loop: what the tests of WebSockets share."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvloop

from bistro.ground.types import Application
from bistro.serving import Limits, Server

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
TIMEOUT_SECONDS = 30.0  # for what comes at once, unless the machine is very busy
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class RunningServer:
    """A server in a thread of its own."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.port = server.port
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the server's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(TIMEOUT_SECONDS)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something in the server's event loop."""

        async def call() -> Any:
            return function(*arguments)

        return self.run(call())

    def connections(self) -> list[Any]:
        """What the server holds of its clients."""
        return list(self.server._connections)


@contextmanager
def running(
    app: Application,
    loop_name: str = "asyncio",
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[RunningServer]:
    """Serve `app` in a thread."""
    loop = LOOPS[loop_name]()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def make() -> Server:
        server = Server(app, port=0, limits=limits, ssl=tls)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(make(), loop).result(TIMEOUT_SECONDS)
    try:
        yield RunningServer(server, loop)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1), loop).result(TIMEOUT_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_SECONDS)
        loop.close()


def handshake(path: str = "/", headers: bytes = b"", *, host: bytes = b"localhost") -> bytes:
    """The request that opens a WebSocket."""
    return (
        b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n%b\r\n" % (path.encode(), host, KEY, headers)
    )


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"\1\2\3\4"
) -> bytes:
    """A frame as a client sends it."""
    bit = 0 if mask is None else 0x80
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if len(data) < 126:
        head += bytes([bit | len(data)])
    elif len(data) < 1 << 16:
        head += struct.pack("!BH", bit | 126, len(data))
    else:
        head += struct.pack("!BQ", bit | 127, len(data))
    if mask is None:
        return head + data
    repeated = mask * (len(data) // 4 + 1)
    masked = int.from_bytes(data, "big") ^ int.from_bytes(repeated[: len(data)], "big")
    return head + mask + masked.to_bytes(len(data), "big")


class RawSocket:
    """The client's end of a WebSocket, frame by frame."""

    def __init__(
        self,
        port: int,
        path: str = "/",
        headers: bytes = b"",
        *,
        before: bytes = b"",
        early: bytes = b"",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        if tls is not None:
            self.connection = tls.wrap_socket(self.connection)
        self.connection.sendall(before + handshake(path, headers) + early)
        self.rest = b""
        self.head = self._read_until(b"\r\n\r\n")

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def text(self, text: str) -> None:
        self.send(frame(TEXT, text.encode()))

    def read(self) -> tuple[int, bytes]:
        """Opcode (with FIN and the reserved bits) and content of the next frame."""
        first, size = self._take(2)
        assert not size & 0x80, "a server must not mask"
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return first, self._take(size)

    def read_text(self) -> str:
        first, data = self.read()
        assert first == 0x80 | TEXT, (first, data)
        return data.decode()

    def read_close(self) -> tuple[int, str]:
        """Code and reason of the close frame that comes next, behind other frames; then the end."""
        while True:
            first, data = self.read()
            if first == 0x80 | CLOSE:
                return (struct.unpack("!H", data[:2])[0], data[2:].decode()) if data else (1005, "")

    def is_at_end(self) -> bool:
        """Whether the server has closed; waits for it."""
        try:
            return self.rest == b"" and self.connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self.rest:
            data = self.connection.recv(1 << 16)
            assert data, self.rest
            self.rest += data
        head, _, self.rest = self.rest.partition(mark)
        return head

    def _take(self, size: int) -> bytes:
        parts, have = [self.rest], len(self.rest)
        while have < size:
            data = self.connection.recv(1 << 16)
            if not data:
                raise EOFError(self.rest)
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.rest = whole[size:]
        return whole[:size]
