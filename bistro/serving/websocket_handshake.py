"""The handshake of a WebSocket on the native server (RFC 6455 §4.2), judged by `websockets`.

Imported late, by the first request that asks for a WebSocket: the library takes 40 ms to load.
"""

from __future__ import annotations

import logging

from msgspec import Struct
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from bistro.serving.exchange import HttpExchange
from bistro.serving.websocket_deflate import DeflateFactory
from bistro.serving.websocket_frames import Frames

JUDGED = frozenset(
    {b"connection", b"upgrade", b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions"}
)


class Handshake(Struct, frozen=True):
    """A handshake that is in order: what is to be answered, and what reads the frames behind it."""

    protocol: ServerProtocol
    accept_key: str
    extensions: str | None

    def make_frames(self, message_size_max: int, *, compress: bool) -> Frames:
        """What reads and writes the frames of the connection, once."""
        if not compress:
            self.protocol.extensions = []
        return Frames(self.protocol, message_size_max)

    def make_answer(self, subprotocol: str | None, header_block: bytes, *, compress: bool) -> bytes:
        """The answer 101 without its last lines."""
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "upgrade: websocket",
            "connection: upgrade",
            f"sec-websocket-accept: {self.accept_key}",
        ]
        if self.extensions and compress:
            lines.append(f"sec-websocket-extensions: {self.extensions}")
        if subprotocol is not None:
            lines.append(f"sec-websocket-protocol: {subprotocol}")
        return "\r\n".join([*lines, ""]).encode() + header_block


def find_handshake(exchange: HttpExchange) -> Handshake | None:
    """The handshake in a request that asks for a WebSocket, or None where it is malformed.

    That is an ordinary request then (RFC 9110 §7.8), which a route for WebSockets answers with 426.
    """
    # Open from the start: it is to read frames, as the request was read by others.
    protocol = ServerProtocol(state=OPEN, extensions=[DeflateFactory()], logger=QuietLogger(_logger))
    pairs = [(name, value) for name, value in exchange.header_items() if name in JUDGED]
    headers_sent = Headers([(name.decode(), value.decode("latin-1")) for name, value in pairs])
    try:
        accept_key, extensions, _ = protocol.process_request(Request("/", headers_sent))
    except InvalidHandshake:
        return None
    return Handshake(protocol, accept_key, extensions)


class QuietLogger(logging.LoggerAdapter[logging.Logger]):
    """Lets only what is wrong through: a line for each end of a connection is in the request log."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logger, {})

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's name
        """Whether a line of `level` is written."""
        return level >= logging.WARNING and super().isEnabledFor(level)


_logger = logging.getLogger("bistro.websocket")
