"""One HTTP request of an RSGI server (granian), as an `Exchange`.

How it works: RSGI sends an answer in one go without waiting, as `Exchange.send` wants it, and has
the request's parts ready as text. The body comes whole or in pieces. That the client has gone is
told to whoever waits for it; a task does so, for requests that last longer than most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from bistro.ground.types import RsgiHeaders, RsgiProtocol, RsgiScope, RsgiTransport
from bistro.ground.websocket import SocketLink
from bistro.http.errors import BadRequest, ClientDisconnected, HttpError, RequestTimeout
from bistro.serving.body import STALL_SECONDS
from bistro.serving.guard import wait_within
from bistro.serving.header_block import HeaderBlockCache, HeaderPairs, HeaderTexts, with_host
from bistro.serving.heads import BODILESS
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_body import PulledBody

CUT_OFF = "The body is malformed or incomplete."
STALLED = f"No part of the body came for {STALL_SECONDS:g} seconds."
SMALL_SIZE_MAX = 64 * 1024


class RsgiExchange:
    """`Exchange` says what each member is.

    Without `__slots__`, so that what most requests never touch costs nothing: it stands on the class.
    """

    root_path = ""
    is_from_proxy = False
    socket: SocketLink | None = None
    body: bytes | None = None
    _arriving: PulledBody | None = None
    _failure: HttpError | None = None
    _headers: RsgiHeaders | None = None
    _transport: RsgiTransport | None = None
    _is_started = False
    _is_silent = False
    _callbacks: tuple[Callable[[], None], ...] = ()
    is_watched = False
    """Whether somebody wants to know that the client has gone."""
    _watcher: asyncio.Task[None] | None = None
    _told: tuple[tuple[str, int] | None, str] | None = None
    _host: bytes | None = None
    is_gone = False
    is_over = False
    is_shielded = False

    def __init__(
        self,
        scope: RsgiScope,
        protocol: RsgiProtocol,
        raw_path: str,
        query_string: str,
        blocks: HeaderBlockCache[HeaderTexts],
        overseer: Overseer,
    ) -> None:
        self._scope = scope
        self._protocol = protocol
        self._blocks = blocks
        self._overseer = overseer
        self.method = scope.method
        self.raw_path = raw_path
        self.query_string = query_string

    @property
    def http_version(self) -> str:
        return self._scope.http_version

    @property
    def scheme(self) -> str:
        return self._scope.scheme if self._told is None else self._told[1]

    @property
    def client(self) -> tuple[str, int] | None:
        return read_client(self._scope) if self._told is None else self._told[0]

    def find_header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        scope = self._scope
        if name == b"host" and self._host is not None:
            return self._host
        value = self._get_headers().get(name.decode("latin-1"))
        if value is None:
            if name != b"host" or scope.authority is None:
                return None
            # RFC 9113 §8.3.1: HTTP/2 has the host in a field of its own.
            value = scope.authority
        return value.encode("latin-1", "replace").strip(b" \t")

    def _get_headers(self) -> RsgiHeaders:
        headers = self._headers
        if headers is None:
            headers = self._headers = self._scope.headers  # granian copies all of them each time
        return headers

    def header_items(self) -> HeaderPairs:
        """All headers as sent, names in lower case, in order."""
        items = [
            (name.encode("latin-1"), value.encode("latin-1", "replace").strip(b" \t"))
            for name, value in self._get_headers().items()
        ]
        host = self.find_header(b"host")
        return items if host is None else with_host(items, host)

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Say from now on what a trusted proxy says; `host` takes the place of the header, if given."""
        self._told = (client, scheme)
        self._host = host

    # The request's body

    async def read_body(self, size_max: int) -> bytes:
        """Wait for the whole body; raise `ContentTooLarge` as soon as it is over `size_max` bytes."""
        body = self.body
        if body is None or len(body) > size_max:
            body = self.body = await self._pull().read(size_max)
        return body

    async def fetch_small_body(self) -> None:
        """Take in a small body before the handler, which can go on without waiting then.

        What is wrong with it is told to who reads it.
        """
        declared = self._get_headers().get("content-length")
        if declared is None or int(declared) > SMALL_SIZE_MAX:
            return
        try:
            # granian holds it to what is declared, and hands it over in one piece.
            self.body = await wait_within(STALL_SECONDS, self._overseer, self._protocol())
        except TimeoutError:
            self._failure = RequestTimeout(STALLED)
        except RuntimeError:  # of granian's own kind: the connection has ended, or its chunks are none
            self._failure = BadRequest(CUT_OFF)

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives; raise `ContentTooLarge` once over `size_max` bytes."""
        if self.body is None:
            async for piece in self._pull().stream(size_max):
                yield piece
        elif self.body:
            yield await self.read_body(size_max)

    def _pull(self) -> PulledBody:
        if self._arriving is None:
            declared = self.find_header(b"content-length")
            self._arriving = PulledBody(declared, self._pieces(int(declared or -1)))
        return self._arriving

    async def _pieces(self, length: int) -> AsyncIterator[bytes]:
        if self._failure is not None:
            raise self._failure
        received, ends = 0, 0
        pieces = aiter(self._protocol)
        while True:
            try:
                piece = await wait_within(STALL_SECONDS, self._overseer, anext(pieces))
            except StopAsyncIteration:
                break
            except TimeoutError:
                raise RequestTimeout(STALLED) from None
            received += len(piece)
            if piece:
                yield piece
            else:
                ends += 1
        # granian ends a broken body as it ends a whole one. Only a body shorter than declared, or a
        # second end behind that of chunks, tells the two apart.
        is_chunked = length < 0 and self.http_version.startswith("1")
        if received < length or (is_chunked and ends > 1):
            raise BadRequest(CUT_OFF)

    # The answer

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Answer in one go."""
        if self._is_started:
            raise RuntimeError("this request has its answer already")
        self._is_started = True
        headers = self._blocks.get_pairs(header_block)
        if self.method == "HEAD" or status in BODILESS:
            if status not in BODILESS:
                headers = [*headers, ("content-length", str(len(body)))]
            self._protocol.response_empty(status, headers)
        else:
            # The server adds the length.
            self._protocol.response_bytes(status, headers, body)

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Begin an answer in pieces."""
        if self._is_started:
            raise RuntimeError("this request has its answer already")
        self._is_started = True
        headers = self._blocks.get_pairs(header_block)
        if length is not None and status not in BODILESS:
            headers = [*headers, ("content-length", str(length))]
        if self.method == "HEAD" or status in BODILESS:
            self._is_silent = True
            self._protocol.response_empty(status, headers)
        else:
            self._transport = self._protocol.response_stream(status, headers)

    async def write(self, chunk: bytes) -> None:
        """Send a piece; waits while the client reads slowly. Raise `ClientDisconnected`."""
        if self._transport is not None and chunk:
            try:
                await self._transport.send_bytes(chunk)
            except RuntimeError as error:  # of granian's own kinds: closed, or no more to be used
                self._lose()
                raise ClientDisconnected() from error
        # A server that never makes us wait must not let one stream hold the event loop.
        await asyncio.sleep(0)
        if self.is_gone:
            raise ClientDisconnected()

    async def finish(self) -> None:
        """End an answer begun with `start`."""
        self._transport = None

    def abort(self) -> None:
        """Break the answer off; a client sees it where the length was told, as RSGI has no other way."""
        self._is_started = True
        self._transport = None

    # The client that goes away

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away before the answer is complete."""
        if self.is_gone:
            callback()
            return
        self._callbacks = (*self._callbacks, callback)
        self.is_watched = True

    def watch(self) -> None:
        """Look out for the client going away, from now on."""
        if self._watcher is None and not self.is_gone:
            self.is_watched = True
            self._watcher = asyncio.ensure_future(self._watch())

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Do nothing: an RSGI server says that it stops when all answers have ended."""

    def shield(self) -> None:
        """Let the handler come to its end although the client goes away; by default it is cancelled."""
        self.is_shielded = True

    def close(self) -> None:
        """The request is over: nobody is to be called any more."""
        self.is_over = True
        self._callbacks = ()
        if self._watcher is not None:
            self._watcher.cancel()

    async def _watch(self) -> None:
        await self._protocol.client_disconnect()
        self._lose()

    def _lose(self) -> None:
        if not self.is_gone:
            self.is_gone = True
            callbacks, self._callbacks = self._callbacks, ()
            for callback in callbacks:
                callback()


def read_client(scope: RsgiScope) -> tuple[str, int] | None:
    """Address and port of the client; None where it has none."""
    address, _, port = scope.client.rpartition(":")
    return (address.strip("[]"), int(port)) if address and port.isdigit() else None
