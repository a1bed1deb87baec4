"""One client's connection: bytes in, requests out, answers back in order.

How it works. llhttp (through `httptools`) judges every byte; nothing here decides what is valid
HTTP. It is given no header callbacks, since a Python call per header would cost more than parsing:
it checks, and the head is kept as it came and taken apart only by who asks for a header.
Its callbacks are C functions: `list.pop` on a list of one notes that a message began or ended and
fails at a second one, `list.append` collects the body.

A read that is exactly one whole request (nearly all are) is fed in one go. Everything else (a part
of a request, several of them, a long body) goes through `_work`, which cuts the bytes so that the
parser never sees past the end of the request in hand. One request is answered at a time; what
comes behind it waits in `_held`, so answers can't overtake each other (RFC 9112 §9.3.2).
"""

from __future__ import annotations

import asyncio
import re
from contextvars import copy_context
from typing import Protocol, cast

import httptools

from bistro.ground.types import Application
from bistro.http.errors import BadRequest, ClientDisconnected
from bistro.serving.body import BodyReader
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import FINISHED, FRESH, PLAINLY_FINISHED, DateLine, HttpExchange
from bistro.serving.heads import refusal
from bistro.serving.limits import Limits

END = b"\r\n\r\n"
HELD_SIZE_MAX = 256 * 1024
LINGER_SECONDS = 5.0
_find_hosts = re.compile(rb"\n[Hh][Oo][Ss][Tt]:[ \t]*([^\r\n]*)").findall
_find_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE).search
_METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
}


class Host(Protocol):
    """What a connection needs of its server."""

    app: Application
    runner: EagerRunner
    limits: Limits
    date: DateLine
    now: float
    """Monotonic seconds, renewed about once a second."""
    stopping: bool

    def opened(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection) -> None: ...


class _Callbacks:
    """What the parser calls, all but one of it C functions; see the head of this file."""

    __slots__ = (
        "begun",
        "chunks",
        "ended",
        "keep_alive",
        "on_body",
        "on_chunk_header",
        "on_message_begin",
        "on_message_complete",
        "parser",
        "unchunked",
    )

    def __init__(self) -> None:
        self.begun: list[None] = [None]
        self.ended: list[None] = [None]
        self.unchunked: list[None] = [None]
        self.chunks: list[bytes] = []
        self.on_message_begin = self.begun.pop
        self.on_message_complete = self.ended.pop
        self.on_chunk_header = self.unchunked.clear
        self.on_body = self.chunks.append
        self.keep_alive = False
        self.parser = httptools.HttpRequestParser(self)

    def on_headers_complete(self) -> None:
        # llhttp knows this only until the message is complete (RFC 9112 §9.3).
        self.keep_alive = self.parser.should_keep_alive()


class Refused(Exception):
    """What came is no valid request; the connection says so and closes."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client on behalf of an `Application`."""

    def __init__(self, host: Host, *, scheme: str = "http") -> None:
        self._host = host
        self._handle = host.app.handle
        self.date = host.date
        self.scheme = scheme
        self.client: tuple[str, int] | None = None
        self.out: list[bytes] | None = None
        self.lost = False
        self._held = bytearray()
        self._scan_from = 0
        self._exchange: HttpExchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._receiving: BodyReader | None = None
        self._left: int | None = None
        self._chunk_tail = b""
        self._drain: asyncio.Future[None] | None = None
        self._drain_since = 0.0
        self._lingering = False
        self._new_parser()

    # --- what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        self._since = self._opened = self._host.now
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._exchange is not None or self._held or self._lingering:
            self._receive_more(data)
            return
        self.out = []
        callbacks = self._callbacks
        chunks = callbacks.chunks
        head, body = data, b""
        try:
            self._parser.feed_data(data)
        except Exception:  # noqa: BLE001 - two requests, an upgrade or nonsense: `_work` tells them apart
            whole = False
        else:
            whole = False
            if not callbacks.ended and not callbacks.begun and callbacks.unchunked:
                if not chunks:
                    whole = data.endswith(END)
                elif len(chunks) == 1:
                    body = chunks[0]
                    cut = data.find(END) + 4
                    whole = cut + len(body) == len(data)
                    head = data[:cut]
                    chunks.clear()
        if whole:
            callbacks.ended.append(None)
            callbacks.begun.append(None)
            self._answer(head, body, None, False)
        else:
            self._new_parser()
            self._held += data
            self._since = self._host.now
            self._work()
        self._flush()

    def eof_received(self) -> bool:
        # A client may close its sending side and still wait for the answer (RFC 9112 §9.6).
        if self._receiving is not None:
            self._receiving.abort()
        return self._exchange is not None and self._receiving is None

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._host.closed(self)
        del self._callbacks.parser  # it holds the callbacks: without this only the collector could free both
        if self._receiving is not None:
            self._receiving.abort()
        self.resume_writing()
        exchange = self._exchange
        if exchange is not None and exchange.state < FINISHED:
            exchange.disconnected()
            if self._task is not None:
                self._task.cancel()

    def pause_writing(self) -> None:
        self._drain = asyncio.get_running_loop().create_future()
        self._drain_since = self._host.now

    def resume_writing(self) -> None:
        if self._drain is not None:
            self._drain.set_result(None)
            self._drain = None
            if self._held:
                self._go_on()

    # --- what the exchange calls ------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send `data` now."""
        if not self.lost:
            self._transport.write(data)

    async def wait_for_drain(self) -> None:
        """Return once the client has read enough of what was sent; raise if it went away."""
        if self.out:
            self._flush()
        if self._drain is not None:
            await asyncio.shield(self._drain)
        if self.lost:
            raise ClientDisconnected

    def abort(self) -> None:
        """Break the connection off, so that an unfinished answer can't be taken for whole."""
        self.out = None
        self._transport.abort()

    # --- what the server calls --------------------------------------------------------------------

    def check_time(self, now: float) -> None:
        """Close what has stood still for longer than the limits allow; called once a second."""
        limits = self._host.limits
        if self._drain is not None and now - self._drain_since > limits.stall_timeout_seconds:
            self._transport.abort()  # a reader this slow gets no more of our memory
        elif self._lingering:
            if now - self._since > LINGER_SECONDS:
                self._transport.abort()
        elif self._exchange is not None:
            return
        elif self._held:
            if now - self._since > limits.head_timeout_seconds:
                self._refuse(Refused(408, "the request took too long to arrive"))
        elif now - self._since > self._idle_seconds_max(limits):
            self._transport.close()

    def _idle_seconds_max(self, limits: Limits) -> float:
        # A connection on which nothing has come yet gets no longer than a head may take.
        return (
            limits.head_timeout_seconds if self._since == self._opened else limits.keep_alive_timeout_seconds
        )

    def stop(self) -> None:
        """Close when idle, or after the answer that is on its way."""
        if self._exchange is None and not self.lost:
            self._transport.close()

    def cut(self) -> None:
        """Cancel the handler at work, if any, and break the connection off."""
        self._transport.abort()

    # --- requests, the careful way ----------------------------------------------------------------

    def _receive_more(self, data: bytes) -> None:
        if self._lingering:
            return  # read and dropped, so that the answer is not lost to a reset
        self._held += data
        reader = self._receiving
        if reader is not None:
            try:
                reader.feed(self._feed_body())
            except Refused as refused:
                reader.abort(BadRequest(refused.detail))
            else:
                if self._receiving is None:
                    reader.feed_end()
        elif self._exchange is None:
            self._go_on()
        elif len(self._held) > HELD_SIZE_MAX:
            self._transport.pause_reading()

    def _go_on(self) -> None:
        if self._exchange is not None or self.lost:
            return
        self.out = []
        self._work()
        self._flush()

    def _flush(self) -> None:
        out, self.out = self.out, None
        if out:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def _work(self) -> None:
        """Answer the whole requests in `_held`, one after the other."""
        try:
            while not (self._exchange or self._drain or self._lingering or self._transport.is_closing()):
                head = self._cut_head()
                if head is None:
                    return
                self._answer_cut(head)
        except Refused as refused:
            self._refuse(refused)

    def _cut_head(self) -> bytes | None:
        held = self._held
        while held and held[0] in b"\r\n":  # RFC 9112 §2.2: empty lines before a request
            del held[:1]
        end = held.find(END, self._scan_from)
        if end >= 0:
            head = bytes(held[: end + 4])
            del held[: end + 4]
            self._check_sizes(head)
            self._scan_from = 0
            return head
        self._scan_from = max(0, len(held) - 3)
        self._check_partial_head()
        return None

    def _check_partial_head(self) -> None:
        limits, held = self._host.limits, self._held
        if len(held) > limits.request_line_size_max and b"\n" not in held[: limits.request_line_size_max]:
            raise Refused(414, "the request line is too long")
        if len(held) > limits.headers_size_max:
            raise Refused(431, "the headers are too large")
        if held.find(b"\n\n") >= 0 or (held and not held[:1].isalpha()):
            raise Refused(400, "this is no HTTP request")

    def _answer_cut(self, head: bytes) -> None:
        callbacks = self._callbacks
        upgrade = False
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            upgrade = True
            self._new_parser()
            if _find_length(head) or b"transfer-encoding" in head.lower():
                # llhttp hands what follows over unparsed; a body there could hide a request.
                raise Refused(400, "an upgrade can't have a body") from None
        except httptools.HttpParserError:
            raise Refused(400, "the request is malformed") from None
        if upgrade or not callbacks.ended:
            self._renew_callbacks()
            self._answer(head, b"", None, upgrade)
            return
        self._begin_body(head)

    def _begin_body(self, head: bytes) -> None:
        length = _find_length(head)
        self._left = int(length[1]) if length else None
        self._chunk_tail = b""
        reader = BodyReader(
            self._left,
            pause=self._transport.pause_reading,
            resume=self._transport.resume_reading,
            stall_seconds=self._host.limits.stall_timeout_seconds,
        )
        self._receiving = reader
        body = self._feed_body()
        if self._receiving is None:
            self._answer(head, body, None, False)
        else:
            reader.feed(body)
            self._answer(head, None, reader, False)

    def _feed_body(self) -> bytes:
        """Give the parser what belongs to the body in hand, and not one byte more; what it made of it."""
        held, callbacks = self._held, self._callbacks
        while held and callbacks.ended:
            piece = bytes(held[: self._body_piece_size()])
            del held[: len(piece)]
            if self._left is not None:
                self._left -= len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserError:
                raise Refused(400, "the body is malformed") from None
        body = b"".join(callbacks.chunks)
        callbacks.chunks.clear()
        if not callbacks.ended:
            self._renew_callbacks()
            self._receiving = None
        return body

    def _body_piece_size(self) -> int:
        if self._left is not None:
            return self._left
        # A chunked body ends with an empty line, so a piece that ends at the first empty line
        # (counting bytes of earlier pieces) can't reach into the next request.
        tail, held = self._chunk_tail, self._held
        end = (tail + bytes(held[:3])).find(END) if tail else -1
        size = end + 4 - len(tail) if end >= 0 else held.find(END) + 4
        if size < 4 and end < 0:
            size = len(held)
        self._chunk_tail = (tail + bytes(held[max(0, size - 3) : size]))[-3:]
        return size

    # --- one request ------------------------------------------------------------------------------

    def _answer(self, head: bytes, body: bytes | None, reader: BodyReader | None, upgrade: bool) -> None:
        """Run the app on one request; all that is cheap to test is tested here."""
        try:
            method, target, block = head.split(b" ", 2)
        except ValueError:  # HTTP/0.9 had no version
            self._refuse(Refused(400, "this server speaks HTTP/1.1"))
            return
        size = len(head)
        if (
            # Below 256 bytes nothing can be too long or too many, and a count is the quickest look.
            (block.lower().count(b"\nhost:") != 1)
            if size < 256
            else (len(_find_hosts(block)) != 1 or size > 8192 or head.count(b"\n") > 64)
        ) or not (target.startswith(b"/") and block.startswith(b"HTTP/1.1\r\n")):
            try:
                target = self._examine(method, target, head, block)
            except Refused as refused:
                self._refuse(refused)
                return
        host = self._host
        path, _, query = target.decode("ascii").partition("?")
        keep_alive = self._callbacks.keep_alive and not upgrade and not host.stopping
        name = _METHODS.get(method) or method.decode("ascii")
        exchange = HttpExchange(self, name, path, query, block, body, keep_alive)
        if reader is not None:
            exchange.reader = reader
        context = copy_context()
        coroutine = context.run(self._handle, exchange)
        if coroutine is not None:
            task = host.runner.start(coroutine, context, self._on_done)
            if task is not None:
                self._exchange = exchange
                self._task = task
                return
        self._since = host.now
        if exchange.state != PLAINLY_FINISHED:
            self._after(exchange)

    def _on_done(self) -> None:
        exchange, self._exchange, self._task = self._exchange, None, None
        assert exchange is not None
        if self.lost:
            return
        self._after(exchange)
        if not self._transport.is_closing():
            self._transport.resume_reading()
            if self._held:
                # Not from here: this may run inside the task that has just ended, and the next
                # request must begin outside of it.
                asyncio.get_running_loop().call_soon(self._go_on)

    def _after(self, exchange: HttpExchange) -> None:
        self._since = self._host.now
        if exchange.state < FINISHED:  # a plan that ended without an answer: never leave a client waiting
            if exchange.state == FRESH:
                exchange.send(500, b"", b"")
            else:
                self.abort()
        if exchange.closes or self._host.stopping:
            self._close_gently(unread=self._receiving is not None)

    def _examine(self, method: bytes, target: bytes, head: bytes, block: bytes) -> bytes:
        """Judge a request that the quick tests of `_answer` don't pass; its path and query."""
        self._check_sizes(head)
        if not block.startswith((b"HTTP/1.1\r\n", b"HTTP/1.0\r\n")):
            raise Refused(400, "this server speaks HTTP/1.1")
        hosts = _find_hosts(block)
        if len(hosts) > 1 or (not hosts and block.startswith(b"HTTP/1.1")):
            raise Refused(400, "a request needs exactly one Host header")  # RFC 9112 §3.2
        if target[:1] == b"/":
            return target
        if target == b"*" and method == b"OPTIONS":
            return b"/*"
        scheme, mark, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        if not mark or scheme.lower() not in (b"http", b"https") or b"?" in authority:
            raise Refused(400, "the request target is malformed")
        if hosts and authority != hosts[0].rstrip():
            raise Refused(400, "the request target and the Host header differ")
        return slash + path or b"/"

    def _check_sizes(self, head: bytes) -> None:
        limits = self._host.limits
        if head.find(b"\n", 0, limits.request_line_size_max + 12) < 0:  # 12: method and version
            raise Refused(414, "the request line is too long")
        if len(head) > limits.headers_size_max or head.count(b"\n") - 2 > limits.headers_count_max:
            raise Refused(431, "the headers are too large or too many")
        if len(head) > limits.header_size_max and max(map(len, head.split(b"\n"))) > limits.header_size_max:
            raise Refused(431, "a header is too large")

    def _refuse(self, refused: Refused) -> None:
        if self.out is None:
            self.out = []
        self.out.append(refusal(refused.status, refused.detail, self.date.line))
        self._host.app.refuse(refused.status, refused.detail, self.client)
        self._flush()
        self._close_gently(unread=True)

    def _close_gently(self, *, unread: bool) -> None:
        """Close; where the client may still be sending, read on a while so that it gets the answer."""
        self._flush()
        if not unread:
            self._transport.close()
            return
        self._held.clear()
        self._lingering = True
        self._receiving = None
        self._since = self._host.now
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()

    def _new_parser(self) -> None:
        self._callbacks = _Callbacks()
        self._parser = self._callbacks.parser

    def _renew_callbacks(self) -> None:
        callbacks = self._callbacks
        callbacks.begun[:] = callbacks.ended[:] = callbacks.unchunked[:] = [None]
        callbacks.chunks.clear()
