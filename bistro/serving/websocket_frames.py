"""Frames of one WebSocket: bytes in, messages out, and back, through the sans-I/O layer of `websockets`.

The library judges every frame (RFC 6455 §5) and the compressed ones (RFC 7692), with the size limit
before and while it inflates. Here fragments become messages and texts become str. Imported late, by
the first handshake that is accepted: the library takes 40 ms to load.
"""

from __future__ import annotations

from typing import Any, Final

from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF
from websockets.server import ServerProtocol

TEXT: Final = Opcode.TEXT
BINARY: Final = Opcode.BINARY


class Frames:
    """Reads and writes the frames of one connection that was accepted."""

    __slots__ = ("_is_text", "_part", "protocol")

    def __init__(self, protocol: ServerProtocol, message_size_max: int) -> None:
        """`protocol` has judged the handshake, so that it knows the extensions."""
        protocol.max_message_size = message_size_max
        self.protocol = protocol
        # Of a message in fragments, in one piece: tiny ones must not cost a list (CVE-2026-48779).
        self._part: bytearray | None = None
        self._is_text = False

    @property
    def end(self) -> tuple[int, str] | None:
        """Code and reason where the client has closed, or was closed because of what it sent."""
        protocol = self.protocol
        close = protocol.close_rcvd or (protocol.close_sent if protocol.parser_exc else None)
        return None if close is None else (int(close.code), close.reason)

    @property
    def is_closed_by_client(self) -> bool:
        """Whether the client has said that it sends no more."""
        return self.protocol.close_rcvd is not None

    def feed(self, data: bytes | bytearray) -> list[str | bytes]:
        """The messages that are complete with `data`."""
        protocol = self.protocol
        protocol.receive_data(data)
        messages: list[str | bytes] = []
        try:
            # Any: frames; that they are, once the handshake is over, is for a checker to be told.
            frame: Any
            for frame in protocol.events_received():
                opcode = frame.opcode
                if opcode is TEXT and frame.fin:
                    messages.append(frame.data.decode())
                elif opcode is BINARY and frame.fin:
                    messages.append(bytes(frame.data))
                elif opcode <= BINARY:
                    self._add_fragment(frame, messages)
        except UnicodeDecodeError:
            protocol.fail(1007, "a text that is not UTF-8")
            protocol.parser_exc = protocol.parser_exc or ValueError()
        return messages

    def feed_eof(self) -> None:
        """Note that the client sends no more."""
        self.protocol.receive_eof()

    def encode(self, message: str | bytes) -> bytes:
        """The bytes of a message, to be sent at once."""
        protocol = self.protocol
        if isinstance(message, str):
            protocol.send_text(message.encode())
        else:
            protocol.send_binary(message)
        return b"".join(protocol.data_to_send())

    def put_ping(self) -> None:
        """Ask whether the client is there."""
        self.protocol.send_ping(b"")

    def put_close(self, code: int, reason: str) -> None:
        """Say that there will be no more messages."""
        self.protocol.send_close(code, reason)

    def take(self) -> tuple[bytes, bool]:
        """What is to be sent, and whether our side of the connection ends behind it."""
        writes = self.protocol.data_to_send()
        return b"".join(writes), SEND_EOF in writes

    def close(self) -> None:
        """Let go of what holds the protocol that holds it: only the collector could free that ring."""
        self.protocol.parser.close()
        self.protocol.parser_exc = None

    def _add_fragment(self, frame: Frame, messages: list[str | bytes]) -> None:
        if self._part is None:
            self._part = bytearray()
            self._is_text = frame.opcode is TEXT
        self._part += frame.data
        if frame.fin:
            part, self._part = self._part, None
            messages.append(str(part, "utf-8") if self._is_text else bytes(part))
