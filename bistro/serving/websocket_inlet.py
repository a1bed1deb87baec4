"""The receiving side of one WebSocket: what is read is taken apart in turns, as far as there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLICE_SIZE = 16 * 1024
"""In bytes, of a read that is taken apart at once: 2,700 of the smallest frames, some 10 ms."""
TURN_SECONDS = 0.005
"""So long the slices of one read may take in one turn of the event loop, then others have theirs."""


class SocketInlet:
    """Gives `take` what comes, slice by slice, as long as there is room for more."""

    __slots__ = ("_must_wait", "_pending", "_take", "_transport", "is_paused")

    def __init__(
        self,
        transport: asyncio.Transport,
        take: Callable[[bytes | bytearray], bool],
        must_wait: Callable[[], bool],
    ) -> None:
        """`must_wait`, and `take` for what it has taken, tell whether there is no room for more."""
        self._transport = transport
        self._take = take
        self._must_wait = must_wait
        self._pending: bytearray | None = None
        self.is_paused = False
        """Whether nothing is read."""

    def feed(self, data: bytes) -> None:
        """Take apart `data` now or when there is room."""
        if self._pending is not None:
            self._pending += data
        elif len(data) > SLICE_SIZE:
            self._pending = bytearray(data)
            self.go_on()
        else:
            if self._take(data):
                self.pause(True)

    def go_on(self) -> None:
        """Take apart what has been read, as far as there is room for it; then read on."""
        if self._pending is not None and not self._take_slices(self._pending):
            self.pause(True)
            return
        self._pending = None
        self.pause(self._must_wait())

    def pause(self, is_on: bool) -> None:
        """Read no more, or again."""
        if is_on == self.is_paused or self._transport.is_closing():
            return
        self.is_paused = is_on
        if is_on:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        """Nothing comes any more: let go of who takes it."""
        self._pending = None
        self._take, self._must_wait = _drop, _has_room

    def _take_slices(self, pending: bytearray) -> bool:
        """Whether all of `pending` could be taken apart now."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while pending:
            if self._must_wait():
                return False
            if loop.time() - since > TURN_SECONDS:
                loop.call_soon(self.go_on)
                return False
            part = pending[:SLICE_SIZE]
            del pending[:SLICE_SIZE]
            self._take(part)
        return True


def _drop(_: bytes | bytearray) -> bool:
    return False


def _has_room() -> bool:
    return False
