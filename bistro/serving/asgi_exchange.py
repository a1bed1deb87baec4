"""One HTTP request of an ASGI server, as an `Exchange`.

How it works: `Exchange.send` can't wait, while `send` of ASGI must be awaited. So an answer in one
go is kept, and sent when the application has returned; an answer in pieces is sent as it is
written. Little is done for a request that asks for little: what lies in the scope is read from
there when somebody asks for it, and the `Inbox` is made for those who read the body, stream, or
want to know that the client has gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

from bistro.ground.errors import BistroError
from bistro.ground.types import AsgiMessage, AsgiReceive, AsgiScope, AsgiSend
from bistro.ground.websocket import SocketLink
from bistro.http.errors import ClientDisconnected
from bistro.serving.asgi_inbox import Inbox
from bistro.serving.body import BodyAlreadyRead, collect, limit, too_large
from bistro.serving.header_block import HeaderBlockCache, HeaderPairs, with_host
from bistro.serving.heads import BODILESS, LENGTHS_COUNT
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_body import is_larger

SMALL_DIGITS_MAX: Final = 5
"""A body whose length has no more than so many digits is small."""


class AsgiExchange:
    """`Exchange` says what each member is.

    Without `__slots__`, so that what most requests never touch costs nothing: it stands on the class.
    """

    is_from_proxy = False
    is_shielded = False
    """Whether the handler comes to its end although the client goes away."""
    body: bytes | None = None
    inbox: Inbox | None = None
    head: AsgiMessage | None = None
    """What `send` was given: the first message to the server."""
    answer = b""
    """What `send` was given: the body of the second."""
    _is_started = False
    _is_streamed = False
    _failure: BistroError | None = None
    _fetched: AsgiMessage | None = None

    # Read from the scope when they are asked for, see `__getattr__`.
    query_string: str
    http_version: str
    scheme: str
    client: tuple[str, int] | None
    root_path: str

    def __init__(
        self,
        scope: AsgiScope,
        receive: AsgiReceive,
        send: AsgiSend,
        raw_path: str,
        blocks: HeaderBlockCache[HeaderPairs],
        overseer: Overseer,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._blocks = blocks
        self._overseer = overseer
        self.method: str = scope["method"]
        self.raw_path = raw_path

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would believe in every misspelt attribute.
        def __getattr__(self, name):  # noqa: ANN001, ANN204 - called for what isn't there yet
            read = _FROM_SCOPE.get(name)
            if read is None:
                raise AttributeError(name)
            value = read(self._scope)
            setattr(self, name, value)
            return value

    @property
    def socket(self) -> SocketLink | None:
        """None: a handshake has a class of its own."""
        return None

    def find_header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        for each, value in self._scope["headers"]:
            if each == name:
                # RFC 9110 §5.5: blanks around a value are no part of it; uvicorn leaves those behind it.
                return value.strip(b" \t")  # type: ignore[no-any-return]  # bytes, by the specification
        return None

    def header_items(self) -> HeaderPairs:
        """All headers as sent, names in lower case, in order."""
        return [(name, value.strip(b" \t")) for name, value in self._scope["headers"]]

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Say from now on what a trusted proxy says; `host` takes the place of the header, if given."""
        self.client, self.scheme = client, scheme
        if host is not None:
            self._scope = {**self._scope, "headers": with_host(self._scope["headers"], host)}

    # The request's body

    async def read_body(self, size_max: int) -> bytes:
        """Wait for the whole body; raise `ContentTooLarge` as soon as it is over `size_max` bytes."""
        body = self.body
        if body is None:
            self._begin_reading(size_max)
            message = await self._first_message()
            if message.get("more_body"):
                body = await collect(self._pieces(message), size_max)
            else:
                body = message.get("body", b"")
            self.body = body
        if len(body) > size_max:
            raise too_large(size_max)
        return body

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives; raise `ContentTooLarge` once over `size_max` bytes."""
        if self.body is not None:
            if self.body:
                yield await self.read_body(size_max)
            return
        self._begin_reading(size_max)
        message = await self._first_message()
        async for piece in limit(self._pieces(message), size_max):
            yield piece

    def _begin_reading(self, size_max: int) -> None:
        if self._is_streamed:
            raise BodyAlreadyRead()
        declared = self.find_header(b"content-length")
        if declared is not None and is_larger(declared, size_max):
            raise too_large(size_max)
        self._is_streamed = True

    async def _first_message(self) -> AsgiMessage:
        if self._failure is not None:
            raise self._failure
        if self._fetched is not None:
            message, self._fetched = self._fetched, None
            return self.get_inbox().look_at(message)
        return await self.get_inbox().next_message()

    async def fetch_small_body(self) -> None:
        """Take in a small body before the handler, which can go on without waiting then.

        What is wrong with it is told to who reads it.
        """
        declared = self.find_header(b"content-length")
        if declared is None or len(declared) > SMALL_DIGITS_MAX:
            return
        # It mostly came with the head: then there is nothing to wait or watch for.
        steps = self._receive().__await__()
        try:
            awaited = next(steps)
        except StopIteration as ready:
            message: AsgiMessage = ready.value
        else:
            try:
                message = await self.get_inbox().wait_for_message(steps, awaited)
            except BistroError as error:  # it has not come, or its client has gone
                self._failure = error
                return
        if message.get("more_body") or message["type"] != "http.request":
            self._fetched = message
        else:
            self.body = message.get("body", b"")

    async def _pieces(self, message: AsgiMessage) -> AsyncIterator[bytes]:
        while True:
            if piece := message.get("body", b""):
                yield piece
            if not message.get("more_body"):
                return
            message = await self.get_inbox().next_message()

    def get_inbox(self) -> Inbox:
        """The receiving side, made when it is first needed."""
        if self.inbox is None:
            self.inbox = Inbox(self._receive, self._overseer)
        return self.inbox

    # The answer

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Answer in one go; it leaves when the application has returned."""
        if self._is_started:
            raise RuntimeError("this request has its answer already")
        self._is_started = True
        pairs = self._blocks.get_pairs(header_block)
        if status in BODILESS:
            headers = list(pairs)
        else:
            # A list of its own in any case: middleware around the application may change it.
            size = len(body)
            headers = [*pairs, LENGTHS[size] if size < LENGTHS_COUNT else (b"content-length", b"%d" % size)]
            if self.method != "HEAD":
                self.answer = body
        self.head = {"type": "http.response.start", "status": status, "headers": headers}

    async def send_kept(self) -> None:
        """Give the server what `send` was given, if it was."""
        if self.head is not None:
            await self._send(self.head)
            await self._send({"type": "http.response.body", "body": self.answer})

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Begin an answer in pieces; the head leaves at once, however late the first piece is."""
        if self._is_started:
            raise RuntimeError("this request has its answer already")
        self._is_started = True
        headers = list(self._blocks.get_pairs(header_block))
        if length is not None and status not in BODILESS:
            headers.append((b"content-length", b"%d" % length))
        self._is_silent = self.method == "HEAD" or status in BODILESS
        message = {"type": "http.response.start", "status": status, "headers": headers}
        self._sending_head: asyncio.Future[None] | None = asyncio.ensure_future(self._put(message))
        # uvicorn takes pieces for a client that has gone without a word: only the inbox can tell.
        self.get_inbox().watch()

    async def write(self, chunk: bytes) -> None:
        """Send a piece; waits while the client reads slowly. Raise `ClientDisconnected`."""
        await self._wait_for_head()
        if chunk and not self._is_silent:
            await self._put({"type": "http.response.body", "body": chunk, "more_body": True})
        # A server that never makes us wait must not let one stream hold the event loop.
        await asyncio.sleep(0)
        if self.get_inbox().is_gone:
            raise ClientDisconnected()

    async def finish(self) -> None:
        """End an answer begun with `start`."""
        await self._wait_for_head()
        await self._put({"type": "http.response.body", "body": b""})

    def abort(self) -> None:
        """Break the answer off: without its last piece, the server closes the connection."""
        self.head = None
        self._is_started = True

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away before the answer is complete."""
        self.get_inbox().add_callback(callback)

    def watch(self) -> None:
        """Look out for the client going away, from now on."""
        self.get_inbox().watch()

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Do nothing: an ASGI server says that it stops when all answers have ended."""

    def shield(self) -> None:
        """Let the handler come to its end although the client goes away; by default it is cancelled."""
        self.is_shielded = True

    async def _wait_for_head(self) -> None:
        if self._sending_head is not None:
            sending, self._sending_head = self._sending_head, None
            await sending

    async def _put(self, message: AsgiMessage) -> None:
        try:
            await self._send(message)
        except OSError as error:
            raise ClientDisconnected() from error


def _read_client(scope: AsgiScope) -> tuple[str, int] | None:
    client = scope.get("client")
    return (client[0], client[1]) if client else None


# Any: the scope is an open dictionary by the specification.
_FROM_SCOPE: Final[dict[str, Callable[[AsgiScope], Any]]] = {
    "query_string": lambda scope: scope["query_string"].decode("latin-1"),
    "http_version": lambda scope: scope.get("http_version", "1.1"),
    "scheme": lambda scope: scope.get("scheme", "http"),
    "client": _read_client,
    "root_path": lambda scope: scope.get("root_path", ""),
}

# Made once, since writing a number takes a tenth of what the adapter takes in all.
LENGTHS: Final = [(b"content-length", b"%d" % size) for size in range(LENGTHS_COUNT)]
