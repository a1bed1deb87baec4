"""The sending side of one WebSocket: who may wait waits for a slow client, some of the rest is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bistro.ground.websocket import WebSocketOptions
from bistro.serving.message_inbox import keep_for_slow_client


class SocketOutlet:
    """Knows how far the client is behind."""

    __slots__ = ("_queue", "_since", "_transport", "_unsent", "drain", "is_lost", "put")

    def __init__(self, transport: asyncio.Transport, put: Callable[[str | bytes], None]) -> None:
        """`put` writes a message to the transport."""
        self._transport = transport
        self.drain: asyncio.Future[None] | None = None
        """What those wait for who want to send; None where the client has read enough."""
        self._queue: list[str | bytes] = []
        self._since = 0.0
        self._unsent = 0
        self.is_lost = False
        self.put = put

    async def wait(self) -> None:
        """Return once the client has read enough of what was sent, or is gone."""
        while self.drain is not None:
            await asyncio.shield(self.drain)

    def put_soon(self, message: str | bytes, options: WebSocketOptions) -> bool:
        """Write a message, or keep it for a slow client; False where that is too far behind."""
        if self.drain is not None:
            return keep_for_slow_client(self._queue, message, options)
        self.put(message)
        return True

    def pause(self, now: float) -> None:
        """The client reads more slowly than we send."""
        self.drain = asyncio.get_running_loop().create_future()
        self._since, self._unsent = now, self._transport.get_write_buffer_size()

    def resume(self) -> None:
        """It has caught up: write what was kept, then let go on who waits."""
        drain, self.drain = self.drain, None
        queue = self._queue
        while queue and self.drain is None:  # a write may pause it again
            self.put(queue.pop(0))
        if drain is not None and not drain.done():
            drain.set_result(None)

    def empty(self, *, drop: bool = False) -> None:
        """Write what was kept, however slow the client is, or forget it: there will be no more."""
        queue, self._queue = self._queue, []
        for message in () if drop else queue:
            self.put(message)

    def lose(self) -> None:
        """The client is gone."""
        self.is_lost = True
        self.put = _drop
        self._queue.clear()
        self.resume()

    def has_moved(self) -> bool:
        """Whether the client has read something since this was asked last."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._unsent < before

    def is_stalled(self, now: float, seconds_max: float) -> bool:
        """Whether the client has read nothing of what it should for `seconds_max`."""
        if self.drain is None:
            return False
        if self.has_moved():
            self._since = now
        return now - self._since > seconds_max


def _drop(message: str | bytes) -> None:
    """Instead of a transport that is at its end."""
