"""What an ASGI server has for a request: pieces of its body, then the news that the client has gone.

How it works: both come out of one `receive`, which only one may wait for at a time. While nobody
reads the body, a watcher waits there; a piece that it meets is handed to the reader, or kept for
one, and after a piece with more to come it stops, so that an unread body stays with the server.
The watcher is a task, and most requests are over before one is worth making: the `Overseer` starts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from bistro.ground.types import AsgiMessage, AsgiReceive
from bistro.http.errors import ClientDisconnected, RequestTimeout
from bistro.serving.body import STALL_SECONDS
from bistro.serving.guard import wait_within
from bistro.serving.overseer import Overseer
from bistro.serving.stepping import resume


class Inbox:
    """The receiving side of one request; `close` it when the request is over."""

    __slots__ = (
        "_callbacks",
        "_is_reading",
        "_kept",
        "_overseer",
        "_receive",
        "_waiter",
        "_watcher",
        "is_gone",
        "stall_seconds",
    )

    def __init__(
        self, receive: AsgiReceive, overseer: Overseer, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self._receive = receive
        self._overseer = overseer
        self.stall_seconds = stall_seconds
        self.is_gone = False
        """Whether the client is known to have gone away."""
        self._callbacks: list[Callable[[], None]] | None = None
        self._kept: AsgiMessage | None = None
        self._is_reading = False
        self._waiter: asyncio.Future[AsgiMessage] | None = None
        self._watcher: asyncio.Task[None] | None = None

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

        Most messages are there already and need no limit of time at all, so there is one only when
        the first step has shown that we must wait.
        """
        self._check_not_reading()
        self._is_reading = True
        try:
            message = await wait_within(self.stall_seconds, self._overseer, resume(steps, awaited))
        except TimeoutError:
            raise RequestTimeout(f"No part of the body came for {self.stall_seconds:g} seconds.") from None
        finally:
            self._is_reading = False
            self._waiter = None
        return self.look_at(message)

    def look_at(self, message: AsgiMessage) -> AsgiMessage:
        """Return `message` to its reader. Raise `ClientDisconnected` if that is what it says."""
        if message["type"] == "http.disconnect":
            self._lose()
            raise ClientDisconnected("the client went away before its body was complete")
        return message

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the client is known to have gone away."""
        if self.is_gone:
            callback()
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def watch(self) -> None:
        """Look out for the client going away."""
        # Someone who reads sees that himself, and this is called again.
        if not (self._watcher or self._is_reading or self.is_gone) and self._kept is None:
            self._watcher = asyncio.ensure_future(self._watch())

    def close(self) -> None:
        """The request is over: nobody is to be called any more."""
        self._callbacks = None
        if self._watcher is not None:
            self._watcher.cancel()

    def _check_not_reading(self) -> None:
        if self._is_reading:
            raise RuntimeError("the body of a request is being read by two tasks at once")

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
