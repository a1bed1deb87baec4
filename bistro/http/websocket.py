"""A WebSocket as handlers see it: messages in and out, whatever server carries them (RFC 6455)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

# Any: messages in JSON are of whatever types the site names.
from typing import Any, Final, TypeVar, overload

from msgspec import Struct

from bistro.ground.websocket import SocketLink, WebSocketOptions
from bistro.http.errors import BadRequest, UnsupportedMediaType, UpgradeRequired, WebSocketDisconnected
from bistro.http.headers import encode_headers
from bistro.http.request import Request

T = TypeVar("T")

REASON_SIZE_MAX: Final = 123
"""In bytes of UTF-8: a close frame holds 125, two of them the code (RFC 6455 §5.5)."""
SUBPROTOCOLS_MAX: Final = 32
_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}").fullmatch


class SocketTools(Struct, frozen=True):
    """What a WebSocket borrows from above without naming it; made once for each route."""

    decode_json: Callable[[bytes, Any], Any]
    encode_json: Callable[[Any], bytes]
    make_headers: Callable[[Request], bytes]
    """The headers that every answer has, as complete lines."""
    options: WebSocketOptions


class WebSocket:
    """A conversation with one client, for handlers of `@app.websocket(...)`.

        >>> async for message in socket:
        ...     await socket.send(f"You said {message}")

    The first message received or sent accepts the client, unless `accept` was called before. When
    the handler returns, the socket is closed with 1000; when it raises, with 1011 or what the error
    stands for. Only one task at a time may receive, any number may send.
    """

    __slots__ = ("_link", "_subprotocols", "_tools", "is_refused", "request", "subprotocol")

    def __init__(self, request: Request, tools: SocketTools) -> None:
        """Raises `UpgradeRequired` where the request asks for no WebSocket."""
        link = request.exchange.socket
        if link is None:
            raise UpgradeRequired("Connect with a WebSocket.", headers=UPGRADE)
        self._link: SocketLink = link
        self._tools = tools
        self._subprotocols: tuple[str, ...] | None = None
        self.request = request
        """The handshake: headers, cookies, query, path parameters."""
        self.subprotocol: str | None = None
        """The one that `accept` chose."""
        self.is_refused = False
        """Whether `close` was called before it was accepted; the answer is 403."""

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None on a Unix socket."""
        return self.request.client

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """What the client offers, as it prefers them. Raises `BadRequest` where one is no token."""
        if self._subprotocols is None:
            header = ",".join(self.request.headers.get_all("sec-websocket-protocol"))
            self._subprotocols = _read_tokens(header) if header else ()
        return self._subprotocols

    @property
    def is_accepted(self) -> bool:
        """Whether the handshake was answered with 101."""
        return self._link.is_accepted

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed, by either side; None while it is open."""
        return self._link.close_code

    @property
    def close_reason(self) -> str:
        """The reason that whoever closed it gave."""
        return self._link.close_reason

    async def accept(
        self,
        subprotocol: str | None = None,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> None:
        """Accept the client, with one of the subprotocols that it offers, and with more `headers`.

        Raises ValueError for a subprotocol that was not offered, `WebSocketDisconnected` if the
        client has gone. What refuses (a `Response` returned or an `HttpError` raised) must come before.
        """
        if self._link.is_accepted or self.is_refused:
            raise RuntimeError("this WebSocket is accepted or refused already")
        block = self._tools.make_headers(self.request) + (encode_headers(headers) if headers else b"")
        offered = self.subprotocols
        if subprotocol is not None:
            # RFC 6455 §4.1: a client has to fail the connection for one that it has not offered.
            if subprotocol not in offered:
                raise ValueError(f"the client does not offer the subprotocol {subprotocol!r}")
            self.subprotocol = subprotocol
        await self._link.accept(subprotocol, block, self._tools.options)

    async def receive(self) -> str | bytes:
        """The next message: str for a text, bytes for a binary one.

        Raises `WebSocketDisconnected` once the socket is closed and everything was received.
        """
        if not self._link.is_accepted:
            await self.accept()
        return await self._link.receive()

    async def receive_text(self) -> str:
        """The next message, a text. Raises `UnsupportedMediaType` for another (closes with 1003)."""
        message = await self.receive()
        if isinstance(message, str):
            return message
        raise UnsupportedMediaType("Send texts.")

    async def receive_bytes(self) -> bytes:
        """The next message, a binary one. Raises `UnsupportedMediaType` for another (closes with 1003)."""
        message = await self.receive()
        if isinstance(message, bytes):
            return message
        raise UnsupportedMediaType("Send binary messages.")

    @overload
    async def receive_json(self) -> Any: ...
    @overload
    async def receive_json(self, type: type[T]) -> T: ...
    async def receive_json(self, type: Any = Any) -> Any:
        """The next message as JSON, checked against `type` where one is given.

        Raises `ValidationFailed` for what doesn't fit; not caught, it closes with 1007.
        """
        message = await self.receive()
        return self._tools.decode_json(message.encode() if isinstance(message, str) else message, type)

    async def send(self, message: str | bytes) -> None:
        """Send a text (str) or a binary message (bytes); waits while the client reads slowly.

        Raises `WebSocketDisconnected` where it is closed.
        """
        if not self._link.is_accepted:
            await self.accept()
        await self._link.send(message)

    async def send_json(self, value: Any) -> None:
        """Send `value` as JSON in a text. Raises `EncodingError` for what has no JSON form."""
        await self.send(self._tools.encode_json(value).decode())

    def send_nowait(self, message: str | bytes) -> None:
        """Send without waiting, for one message to many clients; the socket must be accepted.

        A slow client may be `send_queue_max` messages behind, then `when_behind` decides (see
        `WebSocketOptions`). Nothing happens where it is closed.
        """
        if not self._link.is_accepted:
            raise RuntimeError("accept the WebSocket before send_nowait")
        self._link.send_nowait(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, with a code of RFC 6455 §7.4 (4000 to 4999 are the site's own) and a short reason.

        Where it was not accepted, the client is refused with 403.
        """
        if not (code in SENDABLE_CODES or 3000 <= code <= 4999):
            raise ValueError(f"a WebSocket can't be closed with {code}; take 1000 or one of 4000 to 4999")
        if len(reason.encode()) > REASON_SIZE_MAX:
            raise ValueError(f"the reason for closing is longer than {REASON_SIZE_MAX} bytes: {reason!r:.80}")
        if self._link.is_accepted:
            await self._link.close(code, reason)
        else:
            self.is_refused = True

    def __aiter__(self) -> WebSocket:
        """The messages, until either side closes."""
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await (self._link.receive() if self._link.is_accepted else self.receive())
        except WebSocketDisconnected:
            raise StopAsyncIteration from None

    def __repr__(self) -> str:
        return f"<WebSocket {self.request.exchange.raw_path}>"


def _read_tokens(header: str) -> tuple[str, ...]:
    names = [name.strip(" \t") for name in header.split(",", SUBPROTOCOLS_MAX)]
    # RFC 6455 §4.1: tokens, each once (CVE-2026-42544 was a byte that is none).
    if len(names) > SUBPROTOCOLS_MAX or not all(map(_is_token, names)):
        raise BadRequest("The header Sec-WebSocket-Protocol is malformed.")
    return tuple(dict.fromkeys(names))


# RFC 9110 §15.5.22 asks for the first two, RFC 6455 §4.4 for the third.
UPGRADE: Final[Mapping[str, str]] = {
    "upgrade": "websocket",
    "connection": "upgrade",
    "sec-websocket-version": "13",
}
SENDABLE_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
