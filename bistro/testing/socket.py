"""A WebSocket as a test sees it, from the client's side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping

# Any: what a site can encode, and what JSON holds.
from typing import Any, TypedDict, TypeVar, overload

from bistro.ground.portal import Portal
from bistro.http.errors import WebSocketDisconnected
from bistro.http.headers import Headers
from bistro.serving.memory import MemoryExchange
from bistro.serving.memory_socket import MemorySocket
from bistro.testing.request import Fields, HeaderFields
from bistro.validation import encode_json, json_decoder

Decoded = TypeVar("Decoded")
TIMEOUT_SECONDS = 5.0


class SocketRequestOptions(TypedDict, total=False):
    """What `client.websocket` takes besides the URL and the subprotocols."""

    params: Fields
    """Added to the URL's query; lists are repeated, None is left out."""
    headers: HeaderFields
    """Replace the client's own of the same name; None leaves one out."""
    cookies: Mapping[str, str]
    """Sent with this request besides those in `client.cookies`."""


class AsyncSocket:
    """The client's side of a WebSocket that was accepted.

    What receives raises `WebSocketDisconnected` once the handler has closed, `TimeoutError` if nothing
    comes for five seconds, and what the handler raised, as requests do.
    """

    def __init__(self, link: MemorySocket, exchange: MemoryExchange, *, raise_server_errors: bool) -> None:
        self._link = link
        self._exchange = exchange
        self._raise_server_errors = raise_server_errors
        self.headers = Headers(link.headers)
        """Those of the answer that accepted it."""
        self.subprotocol = link.subprotocol

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed, by either side; None while it is open."""
        return self._link.close_code

    @property
    def close_reason(self) -> str:
        """The reason that whoever closed it gave."""
        return self._link.close_reason

    async def send(self, message: str | bytes) -> None:
        """Send a text (str) or a binary message (bytes)."""
        await asyncio.wait_for(self._link.client_send(message), TIMEOUT_SECONDS)

    async def send_json(self, value: Any) -> None:
        """Send `value` as JSON in a text."""
        await self.send(encode_json(value).decode())

    async def receive(self) -> str | bytes:
        """The next message of the handler."""
        try:
            return await asyncio.wait_for(self._link.client_receive(), TIMEOUT_SECONDS)
        except WebSocketDisconnected:
            self.raise_server_error()
            raise

    async def receive_text(self) -> str:
        """The next message, a text. Raises AssertionError for another."""
        message = await self.receive()
        assert isinstance(message, str), f"a binary message came: {message!r:.80}"
        return message

    async def receive_bytes(self) -> bytes:
        """The next message, a binary one. Raises AssertionError for another."""
        message = await self.receive()
        assert isinstance(message, bytes), f"a text came: {message!r:.80}"
        return message

    @overload
    async def receive_json(self) -> Any: ...
    @overload
    async def receive_json(self, type: type[Decoded]) -> Decoded: ...
    async def receive_json(self, type: Any = Any) -> Any:
        """The next message as JSON; with `type`, decoded and checked as a handler's messages would be."""
        message = await self.receive()
        return json_decoder(type)(message.encode() if isinstance(message, str) else message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it as a client does; with 1006, go away without a word."""
        self._link.client_close(code, reason)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """The messages, until the handler closes."""
        try:
            while True:
                yield await self.receive()
        except WebSocketDisconnected:
            return

    def raise_server_error(self) -> None:
        """Raise what the application could not handle, if that is wanted, once."""
        error, self._exchange.error = self._exchange.error, None
        if error is not None and self._raise_server_errors:
            raise error


class Socket:
    """The client's side of a WebSocket, for tests without `await`; see `AsyncSocket`."""

    def __init__(self, socket: AsyncSocket, portal: Portal) -> None:
        self._socket = socket
        self._run = portal.run
        self.headers = socket.headers
        self.subprotocol = socket.subprotocol

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed, by either side; None while it is open."""
        return self._socket.close_code

    @property
    def close_reason(self) -> str:
        """The reason that whoever closed it gave."""
        return self._socket.close_reason

    def send(self, message: str | bytes) -> None:
        """Send a text (str) or a binary message (bytes)."""
        self._run(self._socket.send(message))

    def send_json(self, value: Any) -> None:
        """Send `value` as JSON in a text."""
        self._run(self._socket.send_json(value))

    def receive(self) -> str | bytes:
        """The next message of the handler."""
        return self._run(self._socket.receive())

    def receive_text(self) -> str:
        """The next message, a text. Raises AssertionError for another."""
        return self._run(self._socket.receive_text())

    def receive_bytes(self) -> bytes:
        """The next message, a binary one. Raises AssertionError for another."""
        return self._run(self._socket.receive_bytes())

    @overload
    def receive_json(self) -> Any: ...
    @overload
    def receive_json(self, type: type[Decoded]) -> Decoded: ...
    def receive_json(self, type: Any = Any) -> Any:
        """The next message as JSON; with `type`, decoded and checked as a handler's messages would be."""
        return self._run(self._socket.receive_json(type))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it as a client does; with 1006, go away without a word."""
        self._run(self._socket.close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        """The messages, until the handler closes."""
        try:
            while True:
                yield self.receive()
        except WebSocketDisconnected:
            return
