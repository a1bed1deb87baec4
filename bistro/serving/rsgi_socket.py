"""One WebSocket of an RSGI server (granian), and the handshake that asks for it.

RSGI has no way to tell a client the headers of the answer, a subprotocol, or why it is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bistro.ground.errors import BistroError
from bistro.ground.types import RsgiProtocol, RsgiScope, RsgiSocketTransport
from bistro.ground.websocket import SocketLink
from bistro.serving.header_block import HeaderBlockCache, HeaderTexts
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_socket import Closed, PulledSocket
from bistro.serving.rsgi_exchange import RsgiExchange

CLOSE: Final = 0
"""The kind of the message that says that the client has closed."""


class SubprotocolError(BistroError):
    """A WebSocket was accepted with a subprotocol, which this server can't tell the client.

    If you see this: the app runs by RSGI, and browsers would fail a connection without an answer
    to what they offered.
    """

    code = "B721"


class RsgiWire:
    """The WebSocket of an RSGI scope, as a `SocketWire`."""

    __slots__ = ("_protocol", "_sending", "_transport")

    def __init__(self, protocol: RsgiProtocol) -> None:
        self._protocol = protocol
        self._transport: RsgiSocketTransport | None = None
        self._sending = asyncio.Lock()

    async def open(self, subprotocol: str | None, header_block: bytes) -> None:
        """Accept the client. Raises SubprotocolError for a subprotocol; the headers are lost."""
        if subprotocol is not None:
            raise SubprotocolError(
                f"RSGI can't tell the client its subprotocol {subprotocol!r}",
                fix="Serve the app by ASGI (granian --interface asgi), or with bistro run.",
            )
        try:
            self._transport = await self._protocol.accept()
        except RuntimeError as error:  # of granian's own kinds
            raise ConnectionError from error

    async def receive(self) -> str | bytes | Closed:
        """Wait for the next message."""
        message = await self._get_transport().receive()
        return Closed() if message.kind == CLOSE else message.data

    async def send(self, message: str | bytes) -> None:
        """Send a message."""
        async with self._sending:  # granian refuses a second one at a time
            transport = self._get_transport()
            try:
                await (
                    transport.send_str(message) if isinstance(message, str) else transport.send_bytes(message)
                )
            except RuntimeError as error:  # of granian's own kinds: closed, or no more to be used
                raise ConnectionError from error

    async def close(self, code: int, reason: str) -> None:
        """Close it, without a word why."""
        self._protocol.close(None)
        self._transport = None  # granian closes once nobody has it any more

    def _get_transport(self) -> RsgiSocketTransport:
        if self._transport is None:
            raise ConnectionError
        return self._transport


class RsgiHandshake(RsgiExchange):
    """The exchange of a WebSocket's scope; of what it sends, the status refuses the handshake."""

    def __init__(
        self,
        scope: RsgiScope,
        protocol: RsgiProtocol,
        raw_path: str,
        query_string: str,
        blocks: HeaderBlockCache[HeaderTexts],
        overseer: Overseer,
        link: PulledSocket,
    ) -> None:
        super().__init__(scope, protocol, raw_path, query_string, blocks, overseer)
        self.body: bytes | None = b""
        self.socket: SocketLink | None = link
        self._link = link

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Refuse the handshake; more than the status can't be told."""
        self._protocol.close(status)

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Refuse the handshake."""
        self._protocol.close(status)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away before the answer is complete."""
        self._link.on_disconnect(callback)

    def shield(self) -> None:
        """Let the handler go on when the client goes away."""
        self._link.shield()
