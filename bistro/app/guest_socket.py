"""A WebSocket of a mounted ASGI application: what it is given, and what becomes of what it sends.

How it works: the application talks through the `WebSocket` that a handler would have; what it sends
before it accepts is the answer of the handler, so that hooks and default headers hold for it too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bistro.app.errors import MountError
from bistro.app.guest import NOT_HANDED_ON
from bistro.app.mounting import scope_of
from bistro.ground.types import AsgiMessage, AsgiScope
from bistro.http import Empty, Response, WebSocket, WebSocketDisconnected
from bistro.routing import DeclaredMount


def hand_on_socket(mount: DeclaredMount) -> Callable[[WebSocket], Awaitable[Response | None]]:
    """The handler that has the mounted application talk to the client."""

    async def serve_mounted(socket: WebSocket) -> Response | None:
        visit = SocketVisit(socket)
        await mount.application(socket_scope_of(socket, mount), visit.receive, visit.send)
        if visit.refusal is None and not socket.is_accepted:
            raise MountError("a mounted application neither accepted a WebSocket nor refused it")
        return visit.refusal

    return serve_mounted


def socket_scope_of(socket: WebSocket, mount: DeclaredMount) -> AsgiScope:
    """The handshake as the mounted application sees it (ASGI specification 3.0, WebSocket scope)."""
    scope = scope_of(socket.request, mount)
    del scope["method"]
    return scope | {
        "type": "websocket",
        "scheme": "wss" if scope["scheme"] == "https" else "ws",
        "subprotocols": list(socket.subprotocols),
        "extensions": {"websocket.http.response": {}},
    }


class SocketVisit:
    """One client's conversation with a mounted application."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._is_announced = False
        self._answer: AsgiMessage = {}
        self._body = b""
        self.refusal: Response | None = None
        """What the application answers instead of accepting."""

    async def receive(self) -> AsgiMessage:
        """The news that somebody wants to connect, then what he says, then that he has gone."""
        if not self._is_announced:
            self._is_announced = True
            return {"type": "websocket.connect"}
        if not self._socket.is_accepted:
            raise RuntimeError("accept the WebSocket, or close it, before you receive")
        try:
            message = await self._socket.receive()
        except WebSocketDisconnected as error:
            return {"type": "websocket.disconnect", "code": error.close_code, "reason": error.reason}
        kind = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", kind: message}

    async def send(self, message: AsgiMessage) -> None:
        """Take what the application says. Raises OSError where the client has gone, as servers do."""
        kind = message["type"]
        try:
            if kind == "websocket.accept":
                await self._socket.accept(message.get("subprotocol"), headers=_headers_of(message))
            elif kind == "websocket.send":
                text = message.get("text")
                await self._socket.send(message["bytes"] if text is None else text)
            elif kind == "websocket.close":
                await self._close(message.get("code", 1000), message.get("reason") or "")
            else:
                self._take_answer(message)
        except WebSocketDisconnected as error:
            raise OSError(str(error)) from error

    async def _close(self, code: int, reason: str) -> None:
        if self._socket.is_accepted:
            await self._socket.close(code, reason)
        else:
            self.refusal = Empty(status=403)

    def _take_answer(self, message: AsgiMessage) -> None:
        if message["type"] == "websocket.http.response.start":
            self._answer = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        self.refusal = Response.prepared(self._answer["status"], b"", self._body)
        for name, value in _headers_of(self._answer):
            self.refusal.add_header(name, value)


def _headers_of(message: AsgiMessage) -> list[tuple[str, str]]:
    pairs = [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in message.get("headers", ())
    ]
    return [(name, value) for name, value in pairs if name not in NOT_HANDED_ON]
