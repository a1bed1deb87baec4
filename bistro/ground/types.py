"""Small protocols that let lower floors name upper things without importing them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

# Any: what a coroutine yields is asyncio's own; routes, messages and values for URLs are of any kind.
from typing import Any, Protocol, runtime_checkable

from bistro.ground.websocket import SocketLink


class Exchange(Protocol):
    """One request and the way to answer it: all that the framework knows of a server.

    Native server, ASGI, RSGI, WSGI and the test client each are a small file that speaks it.
    Nothing here is parsed before it is asked for. Header names are lower case throughout.
    """

    method: str
    """The method as sent, e.g. `GET`."""
    raw_path: str
    """The path as sent: ASCII, still percent-encoded, without the query; begins with `/`."""
    query_string: str
    """What stands behind `?`, ASCII, still percent-encoded; empty when there is none."""
    body: bytes | None
    """The whole body where it has arrived with the head; None while it is still arriving."""

    is_from_proxy: bool
    """Whether a trusted proxy has passed it on, so that what only proxies say may be believed."""

    @property
    def root_path(self) -> str:
        """Where the app is mounted in another one, decoded; empty where it is not. No part of `raw_path`."""
        ...

    @property
    def socket(self) -> SocketLink | None:
        """Where the request is the handshake of a WebSocket, the way to accept it; else None."""
        ...

    @property
    def http_version(self) -> str:
        """`1.0`, `1.1`, `2` …"""
        ...

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None on a Unix socket."""
        ...

    def find_header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        ...

    def header_items(self) -> list[tuple[bytes, bytes]]:
        """All headers as sent, names in lower case, in order."""
        ...

    async def read_body(self, size_max: int) -> bytes:
        """Wait for the whole body; raise `ContentTooLarge` as soon as it is over `size_max` bytes."""
        ...

    def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives; raise `ContentTooLarge` once over `size_max` bytes."""
        ...

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Answer in one go. `header_block` is complete lines, each ending in CR LF.

        The server adds status line, Content-Length, Date and the blank line, and leaves the body
        out where the method or the status forbids one (RFC 9110 §9.3.2, §15.3.5, §15.4.5).
        """
        ...

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Begin an answer in pieces; `length` is the body's size where it is known."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Send a piece; waits while the client reads slowly. Raise `ClientDisconnected`."""
        ...

    async def finish(self) -> None:
        """End an answer begun with `start`."""
        ...

    def abort(self) -> None:
        """Break off an answer begun with `start`, so that the client sees it is incomplete."""
        ...

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away before the answer is complete."""
        ...

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the server begins to stop, soon where it has begun already.

        For answers that would go on for ever: from then on they have the time of grace to end by
        themselves. Never called where the server tells nobody, as under ASGI.
        """
        ...

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Say from now on what a trusted proxy says; `host` takes the place of the header, if given."""
        ...

    def shield(self) -> None:
        """Let the handler come to its end although the client goes away; by default it is cancelled."""
        ...


@runtime_checkable
class FileWriter(Protocol):
    """What an exchange has as well whose server can send parts of open files without reading them."""

    async def write_file(self, descriptor: int, start: int, stop: int) -> int:
        """Send bytes `start` to `stop`, excluded, of an open file; otherwise as `write`.

        Gives how far it came: what is missing up to `stop` is to be read and written. Raise
        OSError where the file ends before.
        """
        ...


class Application(Protocol):
    """What a server, an adapter or the test client needs of an app."""

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """Answer `exchange` in place and return None, or return a coroutine that answers it.

        Neither raises: what goes wrong becomes an answer.
        """
        ...

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        """Note that the server itself answered `status` to bytes that are no valid request."""
        ...

    async def start(self) -> None:
        """Freeze and open what the app's parts need; called once, before the first request."""
        ...

    async def stop(self) -> None:
        """Close what `start` opened, in reverse order."""
        ...


class UrlBuilder(Protocol):
    """Makes the URL of a route from its handler or name."""

    def __call__(
        self,
        route: Callable[..., Any] | str,
        /,
        *,
        query: Mapping[str, Any] | None = None,
        fragment: str | None = None,
        root_path: str | None = None,
        **parameters: Any,
    ) -> str:
        """The path (and query, fragment) of `route` with `parameters` filled in, behind `root_path`."""
        ...


# Any: JSON-like scopes and messages are open dictionaries by the ASGI 3 specification.
AsgiScope = dict[str, Any]
AsgiMessage = dict[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]


class RsgiHeaders(Protocol):
    """The headers of an RSGI request, names in lower case."""

    def __contains__(self, name: str, /) -> bool: ...
    def get(self, name: str, /) -> str | None: ...
    def items(self) -> list[tuple[str, str]]: ...


class RsgiScope(Protocol):
    """What an RSGI server says of a request."""

    proto: str
    http_version: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> RsgiHeaders: ...


class RsgiTransport(Protocol):
    """An RSGI answer that is sent in pieces."""

    async def send_bytes(self, data: bytes, /) -> None: ...


class RsgiMessage(Protocol):
    """What a client sends by a WebSocket: 0 for its close, 1 for bytes, 2 for a text."""

    kind: int

    @property
    def data(self) -> str | bytes: ...


class RsgiSocketTransport(Protocol):
    """An RSGI WebSocket that was accepted."""

    async def receive(self) -> RsgiMessage: ...
    async def send_bytes(self, data: bytes, /) -> None: ...
    async def send_str(self, data: str, /) -> None: ...


class RsgiProtocol(Protocol):
    """The way to answer an RSGI request; a WebSocket's has only `accept` and `close`, which others lack."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def client_disconnect(self) -> None: ...
    def response_empty(self, status: int, headers: list[tuple[str, str]], /) -> None: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes, /) -> None: ...
    def response_stream(self, status: int, headers: list[tuple[str, str]], /) -> RsgiTransport: ...
    async def accept(self) -> RsgiSocketTransport: ...
    def close(self, status: int | None, /) -> object: ...


RsgiApplication = Callable[[RsgiScope, RsgiProtocol], Awaitable[None]]
WsgiEnviron = dict[str, Any]  # Any: open by PEP 3333


class StartResponse(Protocol):
    """What a WSGI server gives an application to begin its answer with."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object: ...
