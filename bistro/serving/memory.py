"""An exchange that no server carries: a request made of plain values, and its answer recorded.

The test client stands on it, and so can the tests of anything that answers an `Exchange`. It is
strict where real servers are lenient: an answer that breaks the rules of `Exchange` raises at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

from bistro.http.errors import ClientDisconnected
from bistro.serving.body import BodyAlreadyRead, collect, limit, too_large
from bistro.serving.header_block import HeaderPairs, split_header_block, with_host
from bistro.serving.heads import BODILESS
from bistro.serving.memory_socket import MemorySocket

UPGRADE = (b"connection", b"upgrade")
"""The one header of a connection that an answer may have: with 426, RFC 9110 §7.8."""
_ADDED_BY_SERVER = {b"content-length", b"date", b"connection", b"transfer-encoding"}


class MemoryExchange:
    """One request, and everything that is answered to it.

    `target` is path and query as they stand in a request line. A `body` in pieces arrives while
    the handler runs: `exchange.body` is None then. With `unread_max`, `write` waits while more than
    that many bytes have not been taken by `take_pieces`, as with a client that reads slowly. With a
    `socket` it is the handshake of a WebSocket.

    What is recorded: `status`, `headers` (with the Content-Length that a server adds), `content`,
    `is_started`, `is_finished`, `is_aborted`, and `error`. **The failure gate of an application calls
    `exchange.note_error(error)`, where the exchange has that method, with each exception that it
    turns into a 500**, so that a test can see the exception itself.
    """

    def __init__(
        self,
        method: str = "GET",
        target: str = "/",
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes | AsyncIterable[bytes] = b"",
        scheme: str = "http",
        http_version: str = "1.1",
        client: tuple[str, int] | None = ("127.0.0.1", 50000),
        unread_max: int | None = None,
        socket: MemorySocket | None = None,
    ) -> None:
        if not target.startswith("/") or not target.isascii():
            raise ValueError(f"the target {target!r} must be ASCII and begin with /")
        self.method = method
        self.raw_path, _, self.query_string = target.partition("?")
        self.http_version = http_version
        self.scheme = scheme
        self.client = client
        self.is_from_proxy = False
        self.socket = socket
        self.root_path = ""
        self.body: bytes | None = body if isinstance(body, bytes) else None
        self.status = 0
        self.headers: HeaderPairs = []
        self.length: int | None = None
        """The size of the body that was told before it was sent, if it was."""
        self.is_started = False
        self.is_finished = False
        self.is_aborted = False
        self.is_shielded = False
        """Whether the handler asked to come to its end although the client goes away."""
        self.error: BaseException | None = None
        """What the application could not handle itself, see `note_error`."""
        self._request_headers = list(headers)
        self._body_pieces = None if isinstance(body, bytes) else aiter(body)
        self._is_body_streamed = False
        self._pieces: list[bytes] = []
        self._unread_max = unread_max
        self._unread = 0
        self._is_paused = False
        self._is_gone = False
        self._callbacks: list[Callable[[], None]] = []
        self._is_stopping = False
        self._stop_callbacks: list[Callable[[], None]] = []
        self._waiters: list[asyncio.Future[None]] = []

    # What the application sees: `Exchange`

    def find_header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        for each, value in self._request_headers:
            if each == name:
                return value
        return None

    def header_items(self) -> HeaderPairs:
        """All headers of the request, in order."""
        return self._request_headers

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Say from now on what a trusted proxy says; `host` takes the place of the header, if given."""
        self.client, self.scheme = client, scheme
        if host is not None:
            self._request_headers = with_host(self._request_headers, host)

    async def read_body(self, size_max: int) -> bytes:
        """The whole body; raise `ContentTooLarge` as soon as it is over `size_max` bytes."""
        self._check_declared_size(size_max)
        if self.body is None:
            self.body = await collect(self._arriving(), size_max)
        if len(self.body) > size_max:
            raise too_large(size_max)
        return self.body

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in the pieces in which it was given."""
        self._check_declared_size(size_max)
        async for piece in limit(self._arriving(), size_max):
            yield piece

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Record an answer in one go."""
        self._begin(status, header_block, len(body))
        if body and self._may_have_body():
            self._add(body)
        self._finish()

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Record the head of an answer in pieces."""
        self._begin(status, header_block, length)

    async def write(self, chunk: bytes) -> None:
        """Record a piece; waits while the reader is behind. Raise `ClientDisconnected`."""
        if not self.is_started or self.is_finished:
            raise RuntimeError("write() belongs between start() and finish()")
        if self._is_gone:
            raise ClientDisconnected()
        if chunk and self._may_have_body():
            self._add(chunk)
        # Also a handler that never waits for anything must let others run, and its reader go away.
        await asyncio.sleep(0)
        while self._is_reader_behind() and not self._is_gone:
            await self._wait_for_change()
        if self._is_gone:
            raise ClientDisconnected()

    async def finish(self) -> None:
        """Record the end of an answer begun with `start`."""
        if not self.is_started or self.is_finished:
            raise RuntimeError("finish() belongs after start(), once")
        self._finish()

    def abort(self) -> None:
        """Break the answer off: `is_aborted` tells, and whoever reads it waits no longer."""
        self.is_aborted = True
        self._is_gone = True
        self._callbacks.clear()
        self._changed()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when `disconnect` is called before the answer is complete."""
        if self._is_gone:
            callback()
        else:
            self._callbacks.append(callback)

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Call `callback` when `stop` is called before the answer is complete, soon where it was."""
        if self._is_stopping:
            asyncio.get_running_loop().call_soon(callback)
        else:
            self._stop_callbacks.append(callback)

    def shield(self) -> None:
        """Let the handler come to its end although the client goes away."""
        self.is_shielded = True
        if self.socket is not None:
            self.socket.shield()

    def note_error(self, error: BaseException) -> None:
        """Keep what the application turned into a 500."""
        self.error = error

    # What a test, or the test client, sees and does

    @property
    def content(self) -> bytes:
        """The body answered so far, without what `take_pieces` has taken."""
        return b"".join(self._pieces)

    def find_answer_header(self, name: bytes) -> bytes | None:
        """The first value of the answer's header `name` (lower case), or None."""
        return dict(reversed(self.headers)).get(name)

    def take_pieces(self) -> list[bytes]:
        """The pieces written since the last call; whoever waits in `write` goes on."""
        pieces, self._pieces, self._unread = self._pieces, [], 0
        self._changed()
        return pieces

    async def wait_for_start(self) -> None:
        """Wait until the head of the answer is there, or `disconnect` was called."""
        while not self.is_started and not self._is_gone:
            await self._wait_for_change()

    async def wait_for_pieces(self) -> list[bytes]:
        """The pieces written since the last call; empty only when the answer is complete."""
        while not self._pieces and not self.is_finished and not self._is_gone:
            await self._wait_for_change()
        return self.take_pieces()

    def pause_reading(self) -> None:
        """Be a client that reads nothing: `write` waits from now on."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self._is_paused = False
        self._changed()

    def disconnect(self) -> None:
        """Be a client that goes away; nothing happens once the answer is complete."""
        if self._is_gone or self.is_finished:
            return
        self._is_gone = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        self._changed()

    def stop(self) -> None:
        """Be a server that begins to stop; nothing happens once the answer is complete."""
        self._is_stopping = True
        callbacks, self._stop_callbacks = self._stop_callbacks, []
        if not self.is_finished:
            for callback in callbacks:
                callback()

    # Helpers

    def _check_declared_size(self, size_max: int) -> None:
        declared = self.find_header(b"content-length")
        if declared is not None and int(declared) > size_max:
            raise too_large(size_max)

    async def _arriving(self) -> AsyncIterator[bytes]:
        if self._is_body_streamed:
            raise BodyAlreadyRead()
        if self._body_pieces is None or self.body is not None:
            if self.body:
                yield self.body
            return
        self._is_body_streamed = True
        async for piece in self._body_pieces:
            if self._is_gone:
                break
            yield piece
        if self._is_gone:
            raise ClientDisconnected("the client went away before its body was complete")

    def _begin(self, status: int, header_block: bytes, length: int | None) -> None:
        if self.is_started:
            raise RuntimeError(f"answered twice: {self.status}, then {status}")
        self.headers = _checked_headers(header_block)
        if length is not None and status not in BODILESS:
            self.headers.append((b"content-length", b"%d" % length))
        self.status = status
        self.length = length
        self.is_started = True
        self._changed()

    def _may_have_body(self) -> bool:
        # RFC 9110 §9.3.2, §15.2, §15.3.5, §15.4.5.
        return self.method != "HEAD" and self.status not in BODILESS

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._unread += len(piece)
        self._changed()

    def _finish(self) -> None:
        self.is_finished = True
        self._callbacks.clear()
        self._changed()

    def _is_reader_behind(self) -> bool:
        return self._is_paused or (self._unread_max is not None and self._unread > self._unread_max)

    async def _wait_for_change(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def _checked_headers(block: bytes) -> HeaderPairs:
    if block and not block.endswith(b"\r\n"):
        raise ValueError(f"a header block ends in CR LF: {block!r}")
    pairs = split_header_block(block)
    for name, value in pairs:
        if not name or name != name.lower() or b"\n" in name + value or b"\r" in value:
            raise ValueError(f"the header line {name!r}: {value!r} can't be sent as it is")
        if name in _ADDED_BY_SERVER and (name, value) != UPGRADE:
            raise ValueError(f"the server itself adds {name.decode()}")
    return pairs
