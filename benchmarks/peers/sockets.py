"""WebSockets that echo, and sockets that idle: what wrk can't do. Runs on the second core.

python -m benchmarks.peers.sockets PORT SECONDS CONNECTIONS        prints how many messages came back
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys

TEXT = b"thirty-two bytes of text, masked"
# RFC 6455 §5.3: a client masks; the mask of zeros leaves the text as it is.
FRAME = bytes([0x81, 0x80 | len(TEXT), 0, 0, 0, 0]) + TEXT
ECHO = bytes([0x81, len(TEXT)]) + TEXT
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class EchoClient(asyncio.Protocol):
    """Sends a message as soon as the last one has come back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._received = b""
        self._is_open = False
        self.count = 0
        self.error = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(HANDSHAKE % (self._port, self._port))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.error = head.decode("latin-1")
                self._transport.close()
                return
            self._is_open, self._received = True, rest
            self._transport.write(FRAME)  # type: ignore[attr-defined]
        while len(self._received) >= len(ECHO):
            if not self._received.startswith(ECHO):
                self.error = f"not an echo: {self._received[:60]!r}"
                self._transport.close()
                return
            self._received = self._received[len(ECHO) :]
            self.count += 1
            self._transport.write(FRAME)  # type: ignore[attr-defined]


async def echo(port: int, seconds: float, connections: int) -> int:
    """How many messages came back on all connections together. Raises RuntimeError for a wrong answer."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: EchoClient(port), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    before = sum(client.count for client in clients)
    await asyncio.sleep(seconds)
    errors = [client.error for client in clients if client.error]
    if errors:
        raise RuntimeError(errors[0])
    return sum(client.count for client in clients) - before


def open_idle(port: int, count: int) -> list[socket.socket]:
    """Connections that have had one answer each, and stay open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 256), hard))
    opened = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        if not connection.recv(4096):
            raise RuntimeError("the server closed an idle connection")
        opened.append(connection)
    return opened


if __name__ == "__main__":
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        run = asyncio.run
    sys.stdout.write(str(run(echo(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))))
