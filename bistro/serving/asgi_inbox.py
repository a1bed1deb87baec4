"""What an ASGI server has for a request: pieces of its body, then the news that the client has gone.

How it works: both come out of one `receive`, which only one may wait for at a time. While nobody
reads the body, a watcher waits there; a piece that it meets is handed to the reader, or kept for
one, and after a piece with more to come it stops, so that an unread body stays with the server.
The watcher is a task, and most requests are over before one is worth making: it starts late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Final

from bistro.ground.types import AsgiMessage, AsgiReceive
from bistro.http.errors import ClientDisconnected, RequestTimeout
from bistro.serving.body import STALL_SECONDS
from bistro.serving.stepping import resume

WATCH_DELAY_SECONDS: Final = 0.25


class Inbox:
    """The receiving side of one request; `close` it when the request is over."""

    __slots__ = (
        "_callbacks",
        "_delay",
        "_handler",
        "_is_reading",
        "_kept",
        "_receive",
        "_waiter",
        "_watcher",
        "is_cancelled",
        "is_gone",
        "stall_seconds",
    )

    def __init__(self, receive: AsgiReceive, stall_seconds: float = STALL_SECONDS) -> None:
        self._receive = receive
        self.stall_seconds = stall_seconds
        self.is_gone = False
        """Whether the client is known to have gone away."""
        self.is_cancelled = False
        """Whether the handler was cancelled because of that."""
        self._handler: asyncio.Task[None] | None = None
        self._callbacks: list[Callable[[], None]] | None = None
        self._kept: AsgiMessage | None = None
        self._is_reading = False
        self._waiter: asyncio.Future[AsgiMessage] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._delay: asyncio.TimerHandle | None = None

    async def next_message(self) -> AsgiMessage:
        """The next piece of the body. Raise `ClientDisconnected`, or `RequestTimeout` if none comes."""
        self._check_not_reading()
        if self._kept is not None:
            message, self._kept = self._kept, None
            return self.look_at(message)
        if self._watcher is not None:
            self._waiter = asyncio.get_running_loop().create_future()
            steps = self._waiter.__await__()
        else:
            steps = self._receive().__await__()
        try:
            awaited = next(steps)
        except StopIteration as ready:
            return self.look_at(ready.value)
        return await self.wait_for_message(steps, awaited)

    # Any: what an awaitable yields and is sent is between it and its event loop.
    async def wait_for_message(self, steps: Generator[Any, Any, AsgiMessage], awaited: Any) -> AsgiMessage:
        """As `next_message`, for a `receive` of which the first step was taken and gave `awaited`.

        `asyncio.timeout` costs as much as a whole small request. Most messages are there already and
        need no timer at all, so one is made only when the first step has shown that we must wait.
        """
        self._check_not_reading()
        task = asyncio.current_task()
        assert task is not None
        stalled, cancelling = False, task.cancelling()

        def stall() -> None:
            nonlocal stalled
            stalled = task.cancel()

        timer = asyncio.get_running_loop().call_later(self.stall_seconds, stall)
        self._is_reading = True
        try:
            message = await resume(steps, awaited)
        except asyncio.CancelledError:
            # As asyncio.timeout does it: only our own cancellation is ours to swallow.
            if stalled and task.uncancel() <= cancelling:
                raise RequestTimeout(
                    f"No part of the body came for {self.stall_seconds:g} seconds."
                ) from None
            raise
        finally:
            timer.cancel()
            self._is_reading = False
            self._waiter = None
        return self.look_at(message)

    def look_at(self, message: AsgiMessage) -> AsgiMessage:
        """Return `message` to its reader. Raise `ClientDisconnected` if that is what it says."""
        if message["type"] == "http.disconnect":
            self._lose()
            raise ClientDisconnected("the client went away before its body was complete")
        if (self._callbacks or self._handler) and not message.get("more_body"):
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

    def cancel_when_gone(self, handler: asyncio.Task[None]) -> None:
        """Cancel `handler` once the client is known to have gone away."""
        self._handler = handler
        if self.is_gone:
            asyncio.get_running_loop().call_soon(self._cancel_handler)
        else:
            self.watch()

    def watch(self, delay_seconds: float = WATCH_DELAY_SECONDS) -> None:
        """Look out for the client going away, if the request lasts longer than `delay_seconds`."""
        if self._watcher is None and self._delay is None and not self.is_gone:
            self._delay = asyncio.get_running_loop().call_later(delay_seconds, self._start_watcher)

    def close(self) -> None:
        """The request is over: nobody is to be called or cancelled any more."""
        self._callbacks = None
        self._handler = None
        if self._delay is not None:
            self._delay.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _check_not_reading(self) -> None:
        if self._is_reading:
            raise RuntimeError("the body of a request is being read by two tasks at once")

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
        if self.is_gone:
            return
        self.is_gone = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result({"type": "http.disconnect"})
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            callback()
        # Soon, not now: a reader gets an exception here, and may be the handler at its end. A task
        # that cancels itself and ends would leave the cancellation to the server that lent it.
        if self._handler is not None:
            asyncio.get_running_loop().call_soon(self._cancel_handler)

    def _cancel_handler(self) -> None:
        if self._handler is not None:
            self.is_cancelled = self._handler.cancel()
