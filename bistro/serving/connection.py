"""One client's connection: bytes in, requests out, answers back in order.

How it works. A read that is exactly one whole request (nearly all are) is parsed and answered in
place, in two frames. Everything else (a part of a request, several of them, a long body) goes to
`RequestCutter`, which cuts it at the borders of requests. One request is answered at a time; what
comes behind it waits there, so answers can't overtake each other (RFC 9112 §9.3.2).

`_is_ready` says that nothing is under way, so that the next bytes may take the short way. Each turn
of the long way ends in `_go_on`, which works until something has to be waited for, and says then
what the next bytes are to meet.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Protocol, cast

from bistro.ground.types import Application
from bistro.http.errors import BadRequest
from bistro.serving.body import BodyReader
from bistro.serving.chunks import END
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import FINISHED, PLAINLY_FINISHED, STARTED, DateLine, HttpExchange
from bistro.serving.framing import RequestCutter
from bistro.serving.heads import refusal
from bistro.serving.limits import Limits
from bistro.serving.outlet import Outlet
from bistro.serving.parser import WholeParser
from bistro.serving.request_head import Refused, check_head, count_hosts, examine

HALF_CLOSED_SECONDS = 0.5
PAUSED_FOR_BODY, PAUSED_FOR_REQUESTS = 1, 2
HELD_SIZE_MAX = 256 * 1024
COLLECTED_SIZE_MAX = 16 * 1024
KNOWN_SIZE_MAX = 4 * 1024
TURN_REQUESTS_MAX = 64
"""So many requests are answered in one turn of the event loop, then other connections have theirs."""
_METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""HEAD is not here: its answer is no plain one."""
_SLASH, _HASH = b"/#"


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


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client on behalf of an `Application`."""

    _outlet: Outlet

    def __init__(self, host: Host, *, scheme: str = "http") -> None:
        limits = host.limits
        self._host = host
        self._scheme = scheme
        self._handle = host.app.handle
        self._start = host.runner.start
        self._target_size_max = min(limits.request_line_size_max // 2, KNOWN_SIZE_MAX)
        self._known_block = b""
        self._cutter = RequestCutter(limits)
        self._whole = whole = WholeParser()
        self._feed, self._ended, self._bodies = whole.feed, whole.ended, whole.bodies
        self._is_ready = True
        self._is_deaf = False
        self._is_half_closed = False
        self._paused_for = 0
        self._since = 0.0
        self._exchange: HttpExchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._receiving: BodyReader | None = None

    # --- what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host, limits = self._host, self._host.limits
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport, host.date, self._scheme, limits)
        # A connection on which nothing has come yet gets no longer than a head may take.
        self._since = host.now - limits.keep_alive_timeout_seconds + limits.head_timeout_seconds
        host.opened(self)
        if host.stopping:
            self._close()

    def data_received(self, data: bytes) -> None:
        if not self._is_ready:
            self._receive_more(data)
            return
        try:
            self._feed(data)
        except Exception:  # noqa: BLE001, S110 - several requests, the last one, nonsense: `_go_on` tells them apart
            pass
        else:
            bodies = self._bodies
            body = bodies.pop() if bodies else b""
            cut = data.find(END) + 4
            if not self._ended and cut + len(body) == len(data):
                self._ended.append(None)
                self._answer(data[:cut] if body else data, body)
                return
        self._whole.reset()
        self._receive_more(data)
        if self._cutter.held:
            self._since = self._host.now

    def eof_received(self) -> bool:
        """The client will send no more; whether it may still read (RFC 9112 §9.6 lets it).

        Most that do this are gone, and one that is gone must not keep a handler busy. So the answer
        that is under way has a moment more, which is what command lines with a pipe need.
        """
        self._is_half_closed = True
        is_waiting = self._exchange is not None or self._outlet.is_full
        if is_waiting and self._receiving is None and self._scheme == "http" and not self._outlet.is_closing:
            asyncio.get_running_loop().call_later(HALF_CLOSED_SECONDS, self._give_up)
            return True
        self._is_ready = False
        self._stop_receiving()
        self._outlet.close(self._host.now)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_ready = False
        self._outlet.lose()
        self._whole.close()
        del self._feed
        self._cutter.close()
        self._stop_receiving()
        if self._exchange is None:
            self._host.closed(self)
        elif self._exchange.state < FINISHED:
            for callback in self._exchange.take_callbacks():
                asyncio.get_running_loop().call_soon(callback)
            self._cancel()

    def pause_writing(self) -> None:
        self._is_ready = False
        self._outlet.pause(self._host.now)

    def resume_writing(self) -> None:
        self._outlet.resume()
        self._since = self._host.now
        self._go_on()

    # --- what the server calls --------------------------------------------------------------------

    def check_time(self, now: float) -> None:
        """Close what has stood still for longer than the limits allow; called once a second."""
        limits = self._host.limits
        if self._outlet.check_time(now) or self._exchange is not None:
            return
        if self._cutter.held:
            if now - self._since > limits.head_timeout_seconds:
                self._refuse(Refused(408, "the request took too long to arrive"))
        elif now - self._since > limits.keep_alive_timeout_seconds:
            self._close()

    def stop(self) -> None:
        """Close when idle, or after the answer that is on its way."""
        self._is_ready = False
        if self._exchange is None:
            self._close()
        else:
            self._exchange.mark_special(keep_alive=False)

    def cut(self) -> None:
        """Cancel the handler at work, if any, and break the connection off."""
        self._transport.abort()
        self._cancel()

    def _give_up(self) -> None:
        if self._exchange is not None:
            self._transport.abort()

    # --- requests, the careful way ----------------------------------------------------------------

    def _receive_more(self, data: bytes) -> None:
        if self._is_deaf:
            return  # read and dropped, so that the answer is not lost to a reset
        reader = self._receiving
        if reader is None:
            self._cutter.held += data
            self._go_on()
            return
        try:
            reader.feed(self._cutter.take_body(data))
        except Refused as refused:
            self._is_deaf = True
            reader.abort(BadRequest(refused.detail))
            return
        if not self._cutter.is_in_body:
            self._receiving = None
            reader.feed_end()

    def _go_on(self) -> None:
        """Answer the whole requests that are there, one after the other, until one has to be waited for."""
        outlet = self._outlet
        outlet.out = []
        turn = 0
        try:
            while self._is_free() and self._take_next():
                turn += 1
                if turn == TURN_REQUESTS_MAX:
                    asyncio.get_running_loop().call_soon(self._go_on)
                    break
        except Refused as refused:
            self._refuse(refused)
        outlet.flush()
        is_free = self._is_free()
        if is_free and self._is_half_closed and turn < TURN_REQUESTS_MAX:
            self._close()
        held_size = len(self._cutter.held)
        self._is_ready = is_free and not held_size and not self._is_half_closed
        self._pause_reading(PAUSED_FOR_REQUESTS, held_size > HELD_SIZE_MAX)

    def _is_free(self) -> bool:
        return self._exchange is None and not (
            self._outlet.is_full or self._outlet.is_closing or self._outlet.lost
        )

    def _take_next(self) -> bool:
        cutter, outlet = self._cutter, self._outlet
        head = cutter.cut_head()
        if head is None:
            return False
        keep_alive = cutter.keep_alive and not self._host.stopping
        body = cutter.take_body() if cutter.is_in_body else b""
        if cutter.is_in_body:
            self._answer(head, None, self._begin_to_receive(body), keep_alive=keep_alive)
        else:
            self._answer(head, body, keep_alive=keep_alive)
        if outlet.out and len(outlet.out[-1]) > COLLECTED_SIZE_MAX:
            # A client that does not read must be noticed before all that it asked for is in memory.
            outlet.flush()
        if outlet.out is None:
            outlet.out = []
        return True

    def _begin_to_receive(self, body: bytes) -> BodyReader:
        left = self._cutter.left
        reader = self._receiving = BodyReader(
            None if left is None else left + len(body),
            pause=lambda: self._pause_reading(PAUSED_FOR_BODY, True),
            resume=lambda: self._pause_reading(PAUSED_FOR_BODY, False),
            stall_seconds=self._host.limits.stall_timeout_seconds,
        )
        if body:
            reader.feed(body)
        return reader

    # --- one request ------------------------------------------------------------------------------

    def _answer(
        self, head: bytes, body: bytes | None, reader: BodyReader | None = None, *, keep_alive: bool = True
    ) -> None:
        """Run the app on one request; what is cheap to test of it is tested here."""
        method, target, block = head.split(b" ", 2)
        if (
            # Clients repeat themselves, and what was in order once needs no second look.
            (block != self._known_block and not self._is_in_order(block))
            or len(target) > self._target_size_max
            or target[0] != _SLASH
            or _HASH in target
            or method not in _METHODS
            or reader is not None
            or not keep_alive
        ):
            exchange = self._make_special(method, target, block, body, reader, keep_alive=keep_alive)
            if exchange is None:
                return
        else:
            path, _, query = target.decode().partition("?")
            exchange = HttpExchange(self._outlet, _METHODS[method], path, query, block, body)
        context = copy_context()
        try:
            coroutine = context.run(self._handle, exchange)
            if coroutine is not None:
                task = self._start(coroutine, context, self._on_done)
                if task is not None:
                    self._is_ready = False
                    self._exchange = exchange
                    self._task = task
                    return
        except Exception as error:  # noqa: BLE001 - an app never raises; if one does, say so and live
            self._report("the app raised", error)
        self._since = self._host.now
        if exchange.state != PLAINLY_FINISHED:
            self._after(exchange)

    def _is_in_order(self, block: bytes) -> bool:
        """Whether a head is an ordinary one from the HTTP version on, and far from all limits."""
        size, limits = len(block), self._host.limits
        is_in_order = (
            block.startswith(b"HTTP/1.1\r\n")
            # A count in lower letters is the quicker look at a short head.
            and (block.lower().count(b"\nhost:") if size < 256 else count_hosts(block)) == 1
            and size <= KNOWN_SIZE_MAX
            and size <= limits.header_size_max
            and size <= limits.headers_size_max - KNOWN_SIZE_MAX
            # A header has 4 bytes at least.
            and (size < 4 * limits.headers_count_max or block.count(b"\n") - 2 <= limits.headers_count_max)
        )
        if is_in_order:
            self._known_block = block
        return is_in_order

    def _make_special(
        self,
        method: bytes,
        target: bytes,
        block: bytes,
        body: bytes | None,
        reader: BodyReader | None,
        *,
        keep_alive: bool,
    ) -> HttpExchange | None:
        """The exchange for a request that the quick tests of `_answer` don't pass; None if it is refused."""
        try:
            check_head(b"%b %b %b" % (method, target, block), self._host.limits)
            target = examine(method, target, block)
        except Refused as refused:
            self._refuse(refused)
            return None
        path, _, query = target.decode().partition("?")
        exchange = HttpExchange(self._outlet, method.decode(), path, query, block, body)
        exchange.mark_special(keep_alive=keep_alive, reader=reader)
        return exchange

    def _on_done(self, task: asyncio.Task[None]) -> None:
        exchange, self._exchange, self._task = self._exchange, None, None
        assert exchange is not None
        if self._outlet.lost:
            self._host.closed(self)
            return
        self._since = self._host.now
        self._after(exchange)
        self._go_on()

    def _after(self, exchange: HttpExchange) -> None:
        if exchange.state == STARTED:
            exchange.abort()  # it ended without its end: the client must not take it for whole
            return
        if exchange.state < STARTED:
            exchange.send(500, b"", b"")  # a client is never left waiting
        self._pause_reading(PAUSED_FOR_BODY, False)
        if exchange.closes or self._host.stopping:
            self._close()

    def _refuse(self, refused: Refused) -> None:
        outlet, app = self._outlet, self._host.app
        outlet.out = [*(outlet.out or ()), refusal(refused.status, refused.detail, outlet.date.line)]
        self._close(has_unread=True)
        try:
            app.refuse(refused.status, refused.detail, outlet.client)
        except Exception as error:  # noqa: BLE001 - whoever notes refusals must not stop the next one
            self._report("noting a refused request failed", error)

    def _close(self, *, has_unread: bool = False) -> None:
        """Close once everything is sent; the client's own last words are heard first."""
        self._is_ready = False
        self._is_deaf = True
        held, now = self._cutter.held, self._host.now
        if held or has_unread or self._receiving is not None:
            held.clear()
            self._outlet.linger(now)
        else:
            self._outlet.close(now)
        self._receiving = None
        self._pause_reading(PAUSED_FOR_BODY | PAUSED_FOR_REQUESTS, False)

    def _stop_receiving(self) -> None:
        reader, self._receiving = self._receiving, None
        if reader is not None:
            reader.abort()

    def _pause_reading(self, reason: int, is_on: bool) -> None:
        """Stop reading while there is any reason to."""
        before, after = self._paused_for, self._paused_for & ~reason | reason * is_on
        self._paused_for = after
        if bool(before) == bool(after) or self._transport.is_closing():
            return
        if after:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _report(self, message: str, error: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
