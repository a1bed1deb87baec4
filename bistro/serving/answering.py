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
from typing import Protocol

from bistro.ground.types import Application
from bistro.serving.body import BodyReader
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import FINISHED, PLAINLY_FINISHED, STARTED, HttpExchange, Wire
from bistro.serving.limits import Limits
from bistro.serving.request_head import Refused, check_head, count_hosts, examine

KNOWN_SIZE_MAX = 4 * 1024
_METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""HEAD is not here: its answer is no ordinary one."""
_SLASH, _HASH = b"/#"


class Host(Protocol):
    """What this needs of its server."""

    app: Application
    runner: EagerRunner
    limits: Limits
    now: float
    """Monotonic seconds, renewed about once a second."""


class Answering:
    """The app at work for one connection."""

    __slots__ = (
        "_handle",
        "_host",
        "_known_block",
        "_on_end",
        "_start",
        "_target_size_max",
        "_task",
        "_wire",
        "exchange",
        "since",
    )

    def __init__(self, host: Host, wire: Wire, on_end: Callable[[HttpExchange, bool], None]) -> None:
        """`on_end(exchange, was_waited_for)` is called at the end of each request but the plainest."""
        self._host = host
        self._wire = wire
        self._on_end = on_end
        self._handle = host.app.handle
        self._start = host.runner.start
        self._known_block = b""
        longest_rest = len(b"OPTIONS  HTTP/1.1")
        self._target_size_max = min(host.limits.request_line_size_max - longest_rest, KNOWN_SIZE_MAX)
        self._task: asyncio.Task[None] | None = None
        self.exchange: HttpExchange | None = None
        """The request that is waited for, if any."""
        self.since = 0.0
        """When the last answer ended."""

    def answer(
        self, head: bytes, body: bytes | None, reader: BodyReader | None = None, keep_alive: bool = True
    ) -> HttpExchange | None:
        """Run the app on one request; returns it if it has to be waited for. Raises `Refused`."""
        try:
            method, target, block = head.split(b" ", 2)
        except ValueError:
            raise Refused(400, "the request line is malformed") from None  # so it is in HTTP/0.9
        if (
            # Clients repeat themselves, and what was in order once needs no second look.
            (block != self._known_block and not self._is_in_order(block))
            or method not in _METHODS
            or len(target) > self._target_size_max
            or target[0] != _SLASH
            or _HASH in target
            or reader is not None
            or not keep_alive
        ):
            exchange = self._make_special(head, body, reader, keep_alive)
        else:
            path, _, query = target.decode().partition("?")
            exchange = HttpExchange(self._wire, _METHODS[method], path, query, block, body)
        context = copy_context()
        try:
            coroutine = context.run(self._handle, exchange)
            if coroutine is not None:
                task = self._start(coroutine, context, self._on_done)
                if task is not None:
                    self._task = task
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
        if self._task is not None:
            self._task.cancel()

    def lose(self) -> None:
        """The client is gone: tell who asked for it, then cancel."""
        exchange = self.exchange
        if exchange is not None and exchange.state < FINISHED:
            loop = asyncio.get_running_loop()
            for callback in exchange.take_callbacks():
                loop.call_soon(callback)  # from the loop, so that one that fails is reported and no more
            self.cancel()

    def close(self) -> None:
        """Let go of the connection, which holds this: only the collector could free that ring."""
        del self._on_end

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
            self._known_block = block
        return is_in_order

    def _make_special(
        self, head: bytes, body: bytes | None, reader: BodyReader | None, keep_alive: bool
    ) -> HttpExchange:
        """The exchange for a request that the quick tests of `answer` don't pass. Raises `Refused`."""
        check_head(head, self._host.limits)
        method, target, block = head.split(b" ", 2)
        path, _, query = examine(method, target, block).decode().partition("?")
        exchange = HttpExchange(self._wire, method.decode(), path, query, block, body)
        exchange.mark_special(keep_alive=keep_alive, reader=reader)
        return exchange

    def _on_done(self, task: asyncio.Task[None]) -> None:
        exchange, self.exchange, self._task = self.exchange, None, None
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
