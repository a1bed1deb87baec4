"""What several feature tests need: one plain request over a real socket, and one raw one."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from bistro.testing import LiveServer

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Fetched:
    """An answer as it came over the socket; header names in any case."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def fetch(
    server: LiveServer,
    target: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Fetched:
    """Ask `server` over a connection of its own; nothing is followed, kept or decoded."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Fetched(answer.status, answer.msg, answer.read())
    finally:
        connection.close()


def connect(server: LiveServer) -> socket.socket:
    """An open socket to `server`, for what no HTTP client would do."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_SECONDS)


def receive_until(connection: socket.socket, end: bytes) -> bytes:
    """What arrives, up to and with `end`."""
    received = b""
    while end not in received:
        piece = connection.recv(65536)
        if not piece:
            raise AssertionError(f"the connection ended before {end!r}: {received!r}")
        received += piece
    return received
