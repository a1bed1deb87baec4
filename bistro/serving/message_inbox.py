"""Messages of one WebSocket that have come and nobody has taken yet, then the news that it is closed.

How it works: whoever carries the messages puts them in and stops reading from its client while the
inbox is full; the handler takes them out. What came before the end is still given out behind it.
A handler that doesn't ask hears nothing of the end, so `end_when_deaf` cancels it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bistro.ground.websocket import WebSocketOptions
from bistro.http.errors import WebSocketDisconnected

COUNT_MAX: Final = 16
SIZE_MAX: Final = 64 * 1024
DEAF_SECONDS: Final = 0.5
"""How long a handler may go on without asking for messages once nobody is there to talk to."""


def keep_for_slow_client(queue: list[str | bytes], message: str | bytes, options: WebSocketOptions) -> bool:
    """Put `message` behind those that wait to be sent; False where the client is too far behind."""
    if len(queue) >= options.send_queue_max:
        if options.when_behind == "disconnect" or not queue:
            return False
        del queue[0]
    queue.append(message)
    return True


class MessageInbox:
    """The receiving side; one task at a time may wait in `get`."""

    __slots__ = (
        "_loop",
        "_messages",
        "_on_room",
        "_size",
        "_taken",
        "_told",
        "_waiter",
        "close_code",
        "close_reason",
        "is_shielded",
    )

    def __init__(self, on_room: Callable[[], None]) -> None:
        """`on_room` is called when a full inbox is so no more."""
        # Kept, since asking for the running loop is a call of the system on CPython 3.11.
        self._loop = asyncio.get_running_loop()
        # A list, since one that is empty is a tenth of an empty deque, and it never is long.
        self._messages: list[str | bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[str | bytes | None] | None = None
        self._on_room: Callable[[], None] | None = on_room
        self._taken = 0
        self._told: asyncio.Task[object] | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self.is_shielded = False
        """Whether nobody is to be cancelled."""

    @property
    def is_full(self) -> bool:
        """Whether whoever puts in should wait."""
        return len(self._messages) >= COUNT_MAX or self._size >= SIZE_MAX

    def put(self, message: str | bytes) -> bool:
        """Add a message, and tell whether it is full now; nothing happens once the inbox is closed."""
        if self.close_code is not None:
            return False
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(message)  # whoever waits has found the inbox empty
            return False
        self._messages.append(message)
        self._size += len(message)
        return self.is_full

    def close(self, code: int, reason: str = "") -> None:
        """Let nothing more in; the first call counts."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)

    def forget(self) -> None:
        """Nobody fills it any more: let go of who did."""
        self._on_room = None

    def disconnected(self) -> WebSocketDisconnected:
        """The error for whoever wants something of a closed WebSocket."""
        assert self.close_code is not None
        return WebSocketDisconnected(self.close_code, self.close_reason)

    async def get(self) -> str | bytes:
        """The next message; raise `WebSocketDisconnected` when it is closed and there is none left."""
        if not self._messages and self.close_code is None:
            if self._waiter is not None:
                raise RuntimeError("a WebSocket is being received from by two tasks at once")
            waiter = self._waiter = self._loop.create_future()
            try:
                message: str | bytes | None = await waiter
            except asyncio.CancelledError:
                self._keep(waiter)
                raise
            finally:
                self._waiter = None
            if message is not None:
                return message
        return self._take()

    def _take(self) -> str | bytes:
        messages = self._messages
        if not messages:
            self._told = asyncio.current_task()
            raise self.disconnected()
        was_full = self.is_full
        message = messages.pop(0)
        self._size -= len(message)
        self._taken += 1
        if was_full and self._on_room is not None and not self.is_full:
            self._on_room()
        return message

    def _keep(self, waiter: asyncio.Future[str | bytes | None]) -> None:
        """Put back what came just when whoever waited for it was cancelled."""
        if not waiter.cancelled() and (message := waiter.result()) is not None:
            self._messages.insert(0, message)
            self._size += len(message)

    def end_when_deaf(self, task: asyncio.Task[None]) -> None:
        """Cancel `task` once it neither takes messages nor knows that it is closed, for some time."""
        self._loop.call_later(DEAF_SECONDS, self._end_if_deaf, task, self._taken)

    def _end_if_deaf(self, task: asyncio.Task[None], taken: int) -> None:
        if task.done() or self._told is task or self.is_shielded:
            return
        if self._taken != taken:
            self.end_when_deaf(task)
        else:
            task.cancel()
