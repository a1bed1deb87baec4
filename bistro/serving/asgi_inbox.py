"""What an ASGI server has for a request: pieces of its body, then the news that the client has gone.

How it works: both come out of one `receive`, which only one may wait for at a time. While nobody
reads the body, a watcher waits there; a piece that it meets is handed to the reader, or kept for
one, and after a piece with more to come it stops, so that an unread body stays with the server.
The watcher is a task, and most requests are over before one is worth making: it starts late.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

from bistro.ground.types import AsgiMessage, AsgiReceive
from bistro.http.errors import ClientDisconnected, RequestTimeout
from bistro.serving.body import STALL_SECONDS

WATCH_DELAY_SECONDS: Final = 0.25


class Inbox:
    """The receiving side of one request; `close` it when the request is over."""

    __slots__ = (
        "_callbacks",
        "_delay",
        "_is_reading",
        "_kept",
        "_receive",
        "_waiter",
        "_watcher",
        "is_gone",
        "stall_seconds",
    )

    def __init__(self, receive: AsgiReceive, stall_seconds: float = STALL_SECONDS) -> None:
        self._receive = receive
        self.stall_seconds = stall_seconds
        self.is_gone = False
        """Whether the client is known to have gone away."""
        self._callbacks: list[Callable[[], None]] | None = None
        self._kept: AsgiMessage | None = None
        self._is_reading = False
        self._waiter: asyncio.Future[AsgiMessage] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._delay: asyncio.TimerHandle | None = None

    async def next_message(self) -> AsgiMessage:
        """The next piece of the body. Raise `ClientDisconnected`, or `RequestTimeout` if none comes."""
        if self._is_reading:
            raise RuntimeError("the body of a request is being read by two tasks at once")
        self._is_reading = True
        try:
            if self._watcher is None and self._kept is None:
                message = await _within(self.stall_seconds, self._receive())
            else:
                message = await self._get_from_watcher()
        finally:
            self._is_reading = False
        if message["type"] == "http.disconnect":
            self._lose()
            raise ClientDisconnected("the client went away before its body was complete")
        if self._callbacks and not message.get("more_body"):
            self.watch()
        return message

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the client is known to have gone away."""
        if self.is_gone:
            callback()
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def watch(self, delay_seconds: float = WATCH_DELAY_SECONDS) -> None:
        """Look out for the client going away, if the request lasts longer than `delay_seconds`."""
        if self._watcher is None and self._delay is None and not self.is_gone:
            self._delay = asyncio.get_running_loop().call_later(delay_seconds, self._start_watcher)

    def close(self) -> None:
        """The request is over: nobody is to be called any more."""
        self._callbacks = None
        if self._delay is not None:
            self._delay.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    async def _get_from_watcher(self) -> AsgiMessage:
        if self._kept is not None:
            message, self._kept = self._kept, None
            return message
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            return await _within(self.stall_seconds, self._waiter)
        finally:
            self._waiter = None

    def _start_watcher(self) -> None:
        self._delay = None
        # Someone who reads sees the client go away himself, and calls `watch` again at the end.
        if not self._is_reading and self._kept is None and not self.is_gone:
            self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        try:
            while True:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    self._lose()
                    return
                if self._waiter is not None and not self._waiter.done():
                    self._waiter.set_result(message)
                else:
                    self._kept = message
                if message.get("more_body"):
                    return
        finally:
            self._watcher = None

    def _lose(self) -> None:
        self.is_gone = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result({"type": "http.disconnect"})
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            callback()


# Any: what an awaitable yields and is sent is between it and its event loop.
@types.coroutine
def _within(seconds: float, awaitable: Awaitable[AsgiMessage]) -> Generator[Any, Any, AsgiMessage]:
    """Wait for `awaitable`; raise `RequestTimeout` after `seconds`.

    `asyncio.timeout` costs as much as a whole small request. A message that is there already, as
    most are, needs no timer at all: one is made only when the first step shows that we must wait.
    """
    steps = awaitable.__await__()
    try:
        awaited = next(steps)
    except StopIteration as ready:
        return ready.value  # type: ignore[no-any-return]  # what `awaitable` results in
    task = asyncio.current_task()
    assert task is not None
    stalled, cancelling = False, task.cancelling()

    def stall() -> None:
        nonlocal stalled
        stalled = task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, stall)
    try:
        return (yield from _resume(steps, awaited))
    except asyncio.CancelledError:
        # As asyncio.timeout does it: only our own cancellation is ours to swallow.
        if stalled and task.uncancel() <= cancelling:
            raise RequestTimeout(f"No part of the body came for {seconds:g} seconds.") from None
        raise
    finally:
        timer.cancel()


def _resume(steps: Generator[Any, Any, AsgiMessage], awaited: Any) -> Generator[Any, Any, AsgiMessage]:
    """`yield from steps` for one whose first step has been taken and gave `awaited`."""
    try:
        while True:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - every exception belongs to what waits
                awaited = steps.throw(error)
            else:
                awaited = steps.send(sent)
    except StopIteration as ready:
        return ready.value  # type: ignore[no-any-return]  # what the awaitable results in
