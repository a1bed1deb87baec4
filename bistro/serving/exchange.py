"""The native server's side of `Exchange`: one request on an HTTP/1.1 connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import Protocol

from bistro.ground.websocket import SocketLink
from bistro.http.errors import ClientDisconnected
from bistro.serving.body import BodyReader, too_large
from bistro.serving.header_block import with_host
from bistro.serving.heads import (
    BODILESS,
    CLOSE,
    CONTINUE,
    LENGTHS,
    LENGTHS_COUNT,
    PLAIN_STATUS_LINES,
    STATUS_LINES,
)

# llhttp has checked the head already (RFC 9112 §5): names are tokens, lines end in CR LF and no
# value holds a control character; so this pattern only has to take it apart, and is linear.
_HEADER_LINES = re.compile(rb"\r\n([^:\r\n]+):[ \t]*([^\r\n]*)").findall

PLAIN, FRESH, STARTED, FINISHED, PLAINLY_FINISHED = range(5)
"""Of an answer. `PLAIN` is `FRESH` where neither method, body nor connection ask for anything special."""


@lru_cache(maxsize=512)
def header_mark(name: bytes) -> bytes:
    """What the line of the header `name` begins with in a head of lower case; names come from code."""
    return b"\n" + name + b":"


class DateLine:
    """The end of every head: the date, renewed once a second for all connections."""

    __slots__ = ("line",)

    def __init__(self) -> None:
        self.line = b"\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"


class Wire(Protocol):
    """What an exchange needs of its connection."""

    out: list[bytes] | None
    """Where answers are collected instead of being written, or None."""
    date: DateLine
    client: tuple[str, int] | None
    scheme: str
    lost: bool

    @property
    def write(self) -> Callable[[bytes], object]:
        """What sends bytes now."""
        ...

    async def wait_for_drain(self) -> None: ...
    async def send_file(self, descriptor: int, start: int, stop: int) -> int: ...
    def abort(self, *, reset: bool = False) -> None: ...


class HttpExchange:
    """One request as received, and the way to answer it (`Exchange` says what each member is).

    Without `__slots__`, so that what most requests never touch costs nothing: it stands on the class.
    """

    root_path = ""
    is_from_proxy = False
    reader: BodyReader | None = None
    socket: SocketLink | None = None
    _items: list[tuple[bytes, bytes]] | None = None
    is_shielded = False
    """Whether the handler comes to its end although the client goes away."""
    _callbacks: tuple[Callable[[], None], ...] = ()
    _stop_callbacks: tuple[Callable[[], None], ...] = ()
    _told: tuple[tuple[str, int] | None, str] | None = None
    """Client and scheme as a trusted proxy tells them."""
    _is_last = False
    _keep_alive = True
    _lowered: bytes | None = None
    _asked = False
    _chunked = False
    _left: int | None = None

    def __init__(
        self,
        wire: Wire,
        method: str,
        raw_path: str,
        query_string: str,
        head: bytes,
        body: bytes | None,
        found: dict[bytes, bytes | None],
    ) -> None:
        """`head` begins with the HTTP version and ends with the blank line.

        `found` keeps the headers that somebody asked for; requests with the very same head share it.
        """
        self._wire = wire
        self.method = method
        self.raw_path = raw_path
        self.query_string = query_string
        self._head = head
        self.body = body
        self._found = found
        self.state = PLAIN

    def mark_special(self, *, keep_alive: bool, reader: BodyReader | None) -> None:
        """Note what a plain request has not: HEAD, the connection's end, a body that still arrives."""
        self.state = FRESH
        self._keep_alive = keep_alive
        self.reader = reader

    def mark_last(self) -> None:
        """The server stops: let the connection end with this answer, which says so if it has not begun."""
        self._keep_alive = False
        self._is_last = True
        if self.state == PLAIN:
            self.state = FRESH
        for callback in self._stop_callbacks:
            self.on_stopping(callback)

    @property
    def http_version(self) -> str:
        return "1.0" if self._head.startswith(b"HTTP/1.0") else "1.1"

    @property
    def scheme(self) -> str:
        told = self._told
        return self._wire.scheme if told is None else told[1]

    @property
    def client(self) -> tuple[str, int] | None:
        told = self._told
        return self._wire.client if told is None else told[0]

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        self._told = (client, scheme)
        if host is not None:
            self._items = with_host(self.header_items(), host)
            self._found = {**self._found, b"host": host}  # the old one is shared with other requests

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return not self._keep_alive or (self.reader is not None and not self.reader.is_complete)

    def header_items(self) -> list[tuple[bytes, bytes]]:
        items = self._items
        if items is None:
            items = self._items = [
                (name.lower(), value.rstrip(b" \t")) for name, value in _HEADER_LINES(self._head)
            ]
        return items

    def find_header(self, name: bytes) -> bytes | None:
        found = self._found
        if name in found:
            return found[name]
        value = found[name] = self._search(name)
        return value

    def _search(self, name: bytes) -> bytes | None:
        # Searching in lower case is three times faster than a pattern for both cases.
        lowered = self._lowered
        if lowered is None:
            lowered = self._lowered = self._head.lower()
        mark = header_mark(name)
        start = lowered.find(mark)
        if start < 0:
            return None
        start += len(mark)
        return self._head[start : lowered.find(b"\r", start)].strip(b" \t")

    async def read_body(self, size_max: int) -> bytes:
        if self.body is None:
            self._ask_for_body(size_max)
            assert self.reader is not None
            self.body = await self.reader.read(size_max)
        if len(self.body) > size_max:
            raise too_large(size_max)
        return self.body

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        if self.body is not None:
            if self.body:
                yield await self.read_body(size_max)
            return
        self._ask_for_body(size_max)
        assert self.reader is not None
        async for chunk in self.reader.stream(size_max):
            yield chunk

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        line = PLAIN_STATUS_LINES.get(status)
        # What needs more than "status line, headers, length, date, body" goes the longer way.
        if self.state or line is None:
            self._send_special(status, header_block, body)
            return
        self.state = PLAINLY_FINISHED
        wire = self._wire
        size = len(body)
        length = LENGTHS[size] if size < LENGTHS_COUNT else b"content-length: %d" % size
        data = b"".join((line, header_block, length, wire.date.line, body))
        if wire.out is None:
            wire.write(data)
        else:
            wire.out.append(data)

    def _send_special(self, status: int, header_block: bytes, body: bytes) -> None:
        if self.state > FRESH:
            raise RuntimeError("this request has its answer already")
        self._keep_alive = not self.closes
        self._put_head(
            status, header_block, b"" if status in BODILESS else b"content-length: %d\r\n" % len(body)
        )
        if self.method != "HEAD" and status not in BODILESS:
            self._put(body)
        self.state = FINISHED

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        if self.state > FRESH:
            raise RuntimeError("this request has its answer already")
        # The connection may be kept although the body is not there yet: a handler that streams may
        # still read the rest of it, one that has answered won't.
        self.state = STARTED
        silent = self.method == "HEAD" or status in BODILESS
        # HTTP/1.0 knows no chunks (RFC 9112 §7.1): there the end of the connection is the end.
        self._chunked = length is None and not silent and self.http_version == "1.1"
        self._left = None if silent else length
        if length is None and not silent and not self._chunked:
            self._keep_alive = False
        if status in BODILESS:
            framing = b""
        elif length is not None:
            framing = b"content-length: %d\r\n" % length
        else:
            framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        self._put_head(status, header_block, framing)
        if silent:
            self._left = 0

    async def write(self, chunk: bytes) -> None:
        wire = self._wire
        if wire.lost:
            raise ClientDisconnected
        if self.state != STARTED:
            raise RuntimeError("this answer has not begun, or has ended")
        if not chunk:
            return
        if self._chunked:
            self._put(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        elif self._left is None:
            self._put(chunk)
        else:
            self._put(chunk[: self._left])
            self._left -= min(self._left, len(chunk))
        await wire.wait_for_drain()

    async def write_file(self, descriptor: int, start: int, stop: int) -> int:
        if self.state != STARTED:
            raise RuntimeError("this answer has not begun, or has ended")
        if self._left is None or stop - start > self._left:
            return start  # each piece needs a frame, or would be too long
        reached = await self._wire.send_file(descriptor, start, stop)
        self._left -= reached - start
        return reached

    async def finish(self) -> None:
        if self.state != STARTED:
            return
        if self._left and not self._chunked:
            self.abort()  # fewer bytes than promised: the client must not take it for whole
            return
        self.state = FINISHED
        if self._chunked:
            self._put(b"0\r\n\r\n")

    def abort(self) -> None:
        if self.state in (FINISHED, PLAINLY_FINISHED):
            return
        # Where the end of the connection is the end of the answer, only a reset shows that it isn't.
        reset = self.state == STARTED and self._left is None and not self._chunked
        self.state = FINISHED
        self._keep_alive = False
        self._wire.abort(reset=reset)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks = (*self._callbacks, callback)

    def on_stopping(self, callback: Callable[[], None]) -> None:
        if self._is_last:
            # From the loop, so that one that fails is reported and no more.
            asyncio.get_running_loop().call_soon(callback)
        else:
            self._stop_callbacks = (*self._stop_callbacks, callback)

    def shield(self) -> None:
        self.is_shielded = True

    def take_callbacks(self) -> tuple[Callable[[], None], ...]:
        """Everyone who asked with `on_disconnect`; each is to be called once."""
        callbacks, self._callbacks = self._callbacks, ()
        return callbacks

    def _ask_for_body(self, size_max: int) -> None:
        # RFC 9110 §10.1.1: a client that said `expect` waits for this before it sends the body.
        # One that did not wait, or has its answer, needs no telling, and HTTP/1.0 knows no such thing.
        reader = self.reader
        if self._asked or self.state != FRESH or reader is None or reader.received or reader.is_complete:
            return
        self._asked = True
        expects = (self.find_header(b"expect") or b"").lower() == b"100-continue"
        if expects and self.http_version == "1.1":
            length = self.find_header(b"content-length")
            if length is None or int(length) <= size_max:
                self._put(CONTINUE)

    def _put_head(self, status: int, header_block: bytes, framing: bytes) -> None:
        close = b"" if self._keep_alive else CLOSE
        # DateLine begins with the CR LF that ends the length of a plain answer.
        end = self._wire.date.line[2:]
        self._put(b"".join((STATUS_LINES[status], header_block, framing, close, end)))

    def _put(self, data: bytes) -> None:
        wire = self._wire
        if wire.out is None:
            wire.write(data)
        else:
            wire.out.append(data)
