"""Run the app on the requests of one connection, one at a time.

How it works. Nearly every request is an ordinary one, which a few cheap tests show; it becomes an
exchange in a line, and the app is called in a context of its own, so that no request ever meets the
context variables of another. An app that answers in place is done when that call returns. One that
gives a coroutine gets its first step at once (see `eager.py`), and only what suspends is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import Protocol, TypeAlias

from bistro.ground.types import Application
from bistro.ground.websocket import SocketLink
from bistro.serving.body import BodyReader
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import FINISHED, PLAINLY_FINISHED, STARTED, HttpExchange, Wire
from bistro.serving.limits import Limits
from bistro.serving.repeats import Head, KnownHeads, KnownLines, Parts, is_bodiless
from bistro.serving.request_head import Refused, check_head, count_hosts, examine

OnEnd: TypeAlias = Callable[[HttpExchange, bool], None]

KNOWN_SIZE_MAX = 4 * 1024
_METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""HEAD is not here: its answer is no ordinary one."""
_SLASH, _HASH = b"/#"
NEVER = b"\0"
"""What no head ends with."""


class Host(Protocol):
    """What this needs of its server."""

    app: Application
    runner: EagerRunner
    limits: Limits
    known_heads: KnownHeads
    known_lines: KnownLines
    now: float
    """Monotonic seconds, renewed about once a second."""


class Answering:
    """The app at work for one connection."""

    __slots__ = (
        "_find_line",
        "_handle",
        "_head",
        "_host",
        "_known_heads",
        "_known_lines",
        "_on_end",
        "_open_socket",
        "_start",
        "_target_size_max",
        "_wire",
        "exchange",
        "repeated",
        "since",
        "task",
    )

    def __init__(
        self,
        host: Host,
        wire: Wire,
        on_end: OnEnd,
        open_socket: Callable[[HttpExchange], SocketLink | None],
    ) -> None:
        """`on_end(exchange, was_waited_for)` is called at the end of each request but the plainest.

        `open_socket` gives a request that asks for a WebSocket the way to accept it; None if it is malformed.
        """
        self._host = host
        self._wire = wire
        self._on_end = on_end
        self._open_socket = open_socket
        self._handle = host.app.handle
        self._start = host.runner.start
        self._known_heads = host.known_heads
        self._known_lines = host.known_lines
        self._find_line = host.known_lines.find
        self._head = Head(b"")
        longest_rest = len(b"OPTIONS  HTTP/1.1")
        self._target_size_max = min(host.limits.request_line_size_max - longest_rest, KNOWN_SIZE_MAX)
        self.task: asyncio.Task[None] | None = None
        self.exchange: HttpExchange | None = None
        """The request that is waited for, if any."""
        self.since = 0.0
        """When the last answer ended."""
        self.repeated = NEVER
        """The headers, from the HTTP version on, that came last and before, and leave no room for a body."""

    def answer(
        self, head: bytes, body: bytes | None, reader: BodyReader | None = None, keep_alive: bool = True
    ) -> HttpExchange | None:
        """Run the app on one request; returns it if it has to be waited for. Raises `Refused`."""
        try:
            method, target, block = head.split(b" ", 2)
        except ValueError:
            raise Refused(400, "the request line is malformed") from None  # so it is in HTTP/0.9
        # Clients repeat themselves, and what was in order once needs no second look.
        is_known = block == self._head.block or self._is_known(block)
        if (
            not (is_known or self._is_in_order(block))
            or method not in _METHODS
            or len(target) > self._target_size_max
            or target[0] != _SLASH
            or _HASH in target
            or reader is not None
            or not keep_alive
        ):
            return self._run(self._make_special(head, body, reader, keep_alive))
        path, _, query = target.decode().partition("?")
        name = _METHODS[method]
        if is_known and not body and (block == self.repeated or self._note_repeated(block)):
            self._known_lines.add(head[: -len(block)], (name, path, query))
        return self._run(HttpExchange(self._wire, name, path, query, block, body, self._head.found))

    def find_parts(self, request: bytes) -> Parts | None:
        """The parts of a request that is a known line and, behind it, what `repeated` is; else None."""
        repeated = self.repeated
        return self._find_line(request[: -len(repeated)]) if request.endswith(repeated) else None

    def answer_again(self, parts: Parts) -> HttpExchange | None:
        """Run the app on a request whose parts `find_parts` gave."""
        return self._run(HttpExchange(self._wire, *parts, self.repeated, b"", self._head.found))

    def _run(self, exchange: HttpExchange) -> HttpExchange | None:
        context = copy_context()
        try:
            coroutine = context.run(self._handle, exchange)
            if coroutine is not None:
                task = self._start(coroutine, context, self._on_done)
                if task is not None:
                    self.task = task
                    self.exchange = exchange
                    return exchange
        except Exception as error:  # noqa: BLE001 - an app never raises; if one does, say so and live
            report("the app raised", error)
        self.since = self._host.now
        if exchange.state != PLAINLY_FINISHED:
            self._end(exchange, was_waited_for=False)
        return None

    def cancel(self) -> None:
        """Cancel the handler at work, if any."""
        if self.task is not None:
            self.task.cancel()

    def lose(self) -> None:
        """The client is gone: tell who asked for it, then cancel what is not shielded."""
        exchange = self.exchange
        if exchange is not None and exchange.state < FINISHED:
            loop = asyncio.get_running_loop()
            for callback in exchange.take_callbacks():
                loop.call_soon(callback)  # from the loop, so that one that fails is reported and no more
            if not exchange.is_shielded:
                self.cancel()

    def pass_on(self, on_end: OnEnd) -> None:
        """Work for another connection from now on; its last request is answered by other means."""
        assert self.exchange is not None
        self.exchange.state = FINISHED
        self._on_end = on_end
        self._open_socket = _no_socket

    def close(self) -> None:
        """Let go of the connection, which holds this: only the collector could free that ring."""
        del self._on_end, self._open_socket

    def _is_known(self, block: bytes) -> bool:
        head = self._known_heads.find(block)
        if head is None:
            return False
        self._head = head
        self.repeated = NEVER
        return True

    def _is_in_order(self, block: bytes) -> bool:
        """Whether a head is an ordinary one from the HTTP version on, and far from all limits."""
        size, limits = len(block), self._host.limits
        is_in_order = (
            size <= KNOWN_SIZE_MAX
            and size <= limits.header_size_max
            and size <= limits.headers_size_max - KNOWN_SIZE_MAX
            # A header has 4 bytes at least.
            and (size < 4 * limits.headers_count_max or block.count(b"\n") - 2 <= limits.headers_count_max)
            # A count in lower letters is the quicker look at a short head.
            and (block.lower().count(b"\nhost:") if size < 256 else count_hosts(block)) == 1
            and block.startswith(b"HTTP/1.1\r\n")
        )
        if is_in_order:
            self._head = self._known_heads.add(block)
            self.repeated = NEVER
        return is_in_order

    def _note_repeated(self, block: bytes) -> bool:
        head = self._head
        if head.is_bodiless is None:
            head.is_bodiless = is_bodiless(block)
        if head.is_bodiless:
            self.repeated = block
        return head.is_bodiless

    def _make_special(
        self, head: bytes, body: bytes | None, reader: BodyReader | None, keep_alive: bool
    ) -> HttpExchange:
        """The exchange for a request that the quick tests of `answer` don't pass. Raises `Refused`."""
        head = head.lstrip(b"\r\n")  # RFC 9112 §2.2: an empty line before a request; llhttp skips it, too
        check_head(head, self._host.limits)
        method, target, block = head.split(b" ", 2)
        path, _, query = examine(method, target, block).decode().partition("?")
        exchange = HttpExchange(self._wire, method.decode(), path, query, block, body, {})
        exchange.mark_special(keep_alive=keep_alive, reader=reader)
        if not keep_alive and asks_for_websocket(exchange):
            exchange.socket = self._open_socket(exchange)
        return exchange

    def _on_done(self, task: asyncio.Task[None]) -> None:
        exchange, self.exchange, self.task = self.exchange, None, None
        assert exchange is not None
        self.since = self._host.now
        self._end(exchange, was_waited_for=True)

    def _end(self, exchange: HttpExchange, *, was_waited_for: bool) -> None:
        if exchange.state == STARTED:
            exchange.abort()  # it ended without its end: the client must not take it for whole
        elif exchange.state < STARTED:
            exchange.send(500, b"", b"")  # a client is never left waiting
        self._on_end(exchange, was_waited_for)


def report(message: str, error: Exception) -> None:
    """Tell the event loop's exception handler, which logs it."""
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})


def asks_for_websocket(exchange: HttpExchange) -> bool:
    """Whether a request asks to go on as a WebSocket (RFC 9110 §7.8: with HTTP/1.0 nothing can)."""
    if exchange.method != "GET" or exchange.http_version != "1.1":
        return False
    return b"websocket" in _tokens(exchange, b"upgrade") and b"upgrade" in _tokens(exchange, b"connection")


def _tokens(exchange: HttpExchange, name: bytes) -> list[bytes]:
    values = b",".join(value for each, value in exchange.header_items() if each == name)
    return [token.strip() for token in values.lower().split(b",")]


def _no_socket(_: HttpExchange) -> SocketLink | None:
    """On a connection that speaks another protocol there are no requests any more."""
    return None
