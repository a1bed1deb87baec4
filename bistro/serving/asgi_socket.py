"""One WebSocket of an ASGI server, and the handshake that asks for it."""

from __future__ import annotations

from collections.abc import Callable

from bistro.ground.types import AsgiMessage, AsgiReceive, AsgiScope, AsgiSend
from bistro.ground.websocket import SocketLink
from bistro.serving.asgi_exchange import AsgiExchange
from bistro.serving.header_block import HeaderBlockCache, HeaderPairs, split_header_block
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_socket import Closed, PulledSocket


class AsgiWire:
    """The WebSocket of an ASGI scope, as a `SocketWire`."""

    __slots__ = ("_receive", "_send")

    def __init__(self, receive: AsgiReceive, send: AsgiSend) -> None:
        self._receive = receive
        self._send = send

    async def open(self, subprotocol: str | None, header_block: bytes) -> None:
        """Accept the client."""
        headers = split_header_block(header_block)
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    async def receive(self) -> str | bytes | Closed:
        """Wait for the next message."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return Closed(message.get("code") or 1005, message.get("reason") or "")
        text: str | None = message.get("text")
        return message.get("bytes") or b"" if text is None else text

    async def send(self, message: str | bytes) -> None:
        """Send a message."""
        kind = "text" if isinstance(message, str) else "bytes"
        await self._send({"type": "websocket.send", kind: message})

    async def close(self, code: int, reason: str) -> None:
        """Close it."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


class AsgiHandshake(AsgiExchange):
    """The exchange of a WebSocket's scope; what it sends refuses the handshake."""

    def __init__(
        self,
        scope: AsgiScope,
        receive: AsgiReceive,
        refuse: AsgiSend,
        raw_path: str,
        blocks: HeaderBlockCache[HeaderPairs],
        overseer: Overseer,
        link: PulledSocket,
    ) -> None:
        super().__init__(scope, receive, refuse, raw_path, blocks, overseer)
        self.body: bytes | None = b""
        self.link = link

    @property
    def socket(self) -> SocketLink | None:
        """The way to accept it."""
        return self.link

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away before the answer is complete."""
        self.link.on_disconnect(callback)

    def shield(self) -> None:
        """Let the handler go on when the client goes away."""
        self.link.shield()


def as_http_scope(scope: AsgiScope) -> AsgiScope:
    """The scope of the request that asks for a WebSocket."""
    return {**scope, "method": "GET", "scheme": "https" if scope.get("scheme") == "wss" else "http"}


def refusal_sender(scope: AsgiScope, send: AsgiSend) -> AsgiSend:
    """Sends the messages of an HTTP answer as the refusal of a handshake.

    Servers without the extension "websocket.http.response" can only say 403.
    """
    has_answers = "websocket.http.response" in (scope.get("extensions") or {})

    async def refuse(message: AsgiMessage) -> None:
        if has_answers:
            await send({**message, "type": f"websocket.{message['type']}"})
        elif message["type"] == "http.response.start":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    return refuse
