"""What several feature tests share: a raw request, and a log that can be read."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager


def raw_request(port: int, data: bytes) -> bytes:
    """Send `data`, close the sending side, and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


class LogStream(io.BytesIO):
    """A stream for RequestLog."""

    def lines(self) -> list[dict[str, object]]:
        """What was written, as JSON."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextmanager
def access_lines_wanted() -> Iterator[None]:
    """Have access lines written although the test runner has configured logging its own way."""
    logger = logging.getLogger("bistro.request")
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
