"""One request of a WSGI server, as an `Exchange`.

How it works: a WSGI server lends a thread to each request and has it wait for the answer, while the
app lives in an event loop in a thread of its own. What only the lent thread may do (read the body,
send the answer) the exchange *orders* from there through a queue; `wsgi.py` carries the orders out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

# Any: what a WSGI environment holds is open by PEP 3333.
from typing import Any, Final, Protocol, TypeAlias

from msgspec import Struct

from bistro.ground.types import WsgiEnviron
from bistro.ground.websocket import SocketLink
from bistro.http.errors import ClientDisconnected
from bistro.serving.header_block import HeaderBlockCache, HeaderPairs, HeaderTexts
from bistro.serving.heads import BODILESS
from bistro.serving.pulled_body import PulledBody

PIECE_SIZE: Final = 64 * 1024


class Read(Struct, eq=False):
    """Read up to `size` bytes of the body and give them to `result`."""

    size: int
    result: asyncio.Future[bytes]


class Head(Struct, eq=False):
    """Begin the answer; `body` is all of it, or None where pieces follow."""

    status: int
    headers: HeaderTexts
    body: bytes | None = None


class Piece(Struct, eq=False):
    """Send a piece and say when the server asks for more."""

    data: bytes
    taken: asyncio.Future[None]


class End(Struct, eq=False):
    """There is nothing more to do; `is_broken` where the answer is not complete."""

    is_broken: bool = False


Order: TypeAlias = Read | Head | Piece | End


class Orders(Protocol):
    """Where an exchange puts its orders."""

    def put(self, order: Order, /) -> None: ...


class WsgiExchange:
    """`Exchange` says what each member is; all of it belongs to the event loop's thread."""

    socket: SocketLink | None = None

    def __init__(
        self, environ: WsgiEnviron, raw_path: str, orders: Orders, blocks: HeaderBlockCache[HeaderTexts]
    ) -> None:
        self._environ = environ
        self._orders = orders
        self._blocks = blocks
        self.method: str = environ["REQUEST_METHOD"]
        self.raw_path = raw_path
        self.query_string: str = environ.get("QUERY_STRING", "")
        self.root_path: str = environ.get("SCRIPT_NAME", "").encode("latin-1").decode("utf-8", "replace")
        self.scheme: str = environ.get("wsgi.url_scheme", "http")
        self.http_version: str = environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/")
        self.client = _read_client(environ)
        self.is_from_proxy = False
        declared = self.find_header(b"content-length")
        self._left = int(declared) if declared is not None else None
        # PEP 3333: without a length nothing may be read, unless the server says that it ends by itself.
        has_body = bool(self._left) or (
            self._left is None
            and bool(environ.get("wsgi.input_terminated"))
            and "HTTP_TRANSFER_ENCODING" in environ
        )
        self.body: bytes | None = None if has_body else b""
        self._arriving = PulledBody(declared, self._pieces())
        self._task: asyncio.Task[None] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._taken: asyncio.Future[None] | None = None
        self._is_started = False
        self._is_silent = False
        self._is_over = False
        self._is_gone = False
        self._is_shielded = False

    def find_header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        key = name.decode("latin-1").upper().replace("-", "_")
        value = self._environ.get(key if key in _WITHOUT_PREFIX else f"HTTP_{key}")
        return value.encode("latin-1").strip(b" \t") if value else None

    def header_items(self) -> HeaderPairs:
        """All headers, names in lower case; the server has joined those of one name."""
        return [
            (_header_name(key), value.encode("latin-1").strip(b" \t"))
            for key, value in self._environ.items()
            if key.startswith("HTTP_") or (key in _WITHOUT_PREFIX and value)
        ]

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Say from now on what a trusted proxy says; `host` takes the place of the header, if given."""
        self.client, self.scheme = client, scheme
        if host is not None:
            self._environ = {**self._environ, "HTTP_HOST": host.decode("latin-1")}

    # The request's body

    async def read_body(self, size_max: int) -> bytes:
        """Wait for the whole body; raise `ContentTooLarge` as soon as it is over `size_max` bytes."""
        if self.body is None or len(self.body) > size_max:
            self.body = await self._arriving.read(size_max)
        return self.body

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives; raise `ContentTooLarge` once over `size_max` bytes."""
        if self.body is None:
            async for piece in self._arriving.stream(size_max):
                yield piece
        elif self.body:
            yield await self.read_body(size_max)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while self._left is None or self._left > 0:
            if self._is_gone:
                raise ClientDisconnected("the client went away before its body was complete")
            result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._orders.put(Read(PIECE_SIZE if self._left is None else min(self._left, PIECE_SIZE), result))
            piece = await result
            if self._left is not None:
                if not piece:
                    raise ClientDisconnected("the client went away before its body was complete")
                self._left -= len(piece)
            elif not piece:
                return
            yield piece

    # The answer

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Answer in one go."""
        headers = self._begin(status, header_block, len(body))
        self._is_over = True
        self._orders.put(Head(status, headers, b"" if self._is_silent else body))

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Begin an answer in pieces."""
        self._orders.put(Head(status, self._begin(status, header_block, length)))

    async def write(self, chunk: bytes) -> None:
        """Send a piece; waits until the server asks for the next. Raise `ClientDisconnected`."""
        if self._is_gone:
            raise ClientDisconnected()
        if chunk and not self._is_silent:
            self._taken = asyncio.get_running_loop().create_future()
            self._orders.put(Piece(chunk, self._taken))
            await self._taken
        else:
            await asyncio.sleep(0)

    async def finish(self) -> None:
        """End an answer begun with `start`."""
        self._end()

    def abort(self) -> None:
        """Break the answer off: the server is given an error instead of the next piece."""
        self._end(is_broken=True)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away; a WSGI server finds out only while it sends."""
        if self._is_gone:
            callback()
        else:
            self._callbacks.append(callback)

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Do nothing: a WSGI server tells nobody that it stops."""

    def shield(self) -> None:
        """Let the handler come to its end although the client goes away; by default it is cancelled."""
        self._is_shielded = True

    # What `wsgi.py` calls, in the event loop's thread

    def run(self, task: asyncio.Task[None]) -> None:
        """Let `task` make the answer."""
        self._task = task
        task.add_done_callback(lambda _: self._end(is_broken=True))

    def lose(self) -> None:
        """The client has gone: tell everyone, and cancel the handler."""
        if self._is_over or self._is_gone:
            return
        self._is_gone = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        if self._taken is not None and not self._taken.done():
            self._taken.set_exception(ClientDisconnected())
        elif self._task is not None and not self._is_shielded:
            self._task.cancel()

    # Helpers

    def _begin(self, status: int, header_block: bytes, length: int | None) -> HeaderTexts:
        if self._is_started:
            raise RuntimeError("this request has its answer already")
        self._is_started = True
        self._is_silent = self.method == "HEAD" or status in BODILESS
        pairs = self._blocks.get_pairs(header_block)
        if length is None or status in BODILESS:
            return list(pairs)
        # A list of its own in any case: servers and middleware around the application may change it.
        return [*pairs, ("content-length", str(length))]

    def _end(self, *, is_broken: bool = False) -> None:
        if not self._is_over:
            self._is_over = True
            self._orders.put(End(is_broken))


def _read_client(environ: Mapping[str, Any]) -> tuple[str, int] | None:
    address, port = environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT") or "0"
    return (address, int(port)) if address else None


def _header_name(key: str) -> bytes:
    return key.removeprefix("HTTP_").lower().replace("_", "-").encode("latin-1")


# PEP 3333, "environ Variables": the two that stand there without HTTP_ in front.
_WITHOUT_PREFIX: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
