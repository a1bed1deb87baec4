"""Looks after the requests of other people's servers that last: their clients may have gone.

How it works: most requests are over before it is worth to watch out for their clients, and a timer
for each would cost more than all the rest of it. So there is one for all, which runs while anything
is under way, and calls `look` on what was there at the turn before.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

TURN_SECONDS: Final = 0.25


class Overseen(Protocol):
    """A request that is under way."""

    def look(self, now: float) -> None:
        """Called every turn, with monotonic seconds, once it has lasted for one."""
        ...


class Overseer:
    """Knows the requests under way of one adapter; they are added when they begin to wait."""

    __slots__ = ("_lasting", "_loop", "_new")

    def __init__(self) -> None:
        self._new: set[Overseen] = set()
        self._lasting: set[Overseen] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, request: Overseen) -> asyncio.AbstractEventLoop:
        """It has begun to wait; in the loop that is given, for asking for that is not cheap everywhere."""
        self._new.add(request)
        loop = self._loop
        # An application may be served in one loop after the other, as tests do.
        if loop is None or loop.is_closed():
            loop = self._loop = asyncio.get_running_loop()
            loop.call_later(TURN_SECONDS, self._turn)
        return loop

    def remove(self, request: Overseen) -> None:
        """It waits no more."""
        self._new.discard(request)
        if self._lasting:
            self._lasting.discard(request)

    def _turn(self) -> None:
        now = time.monotonic()
        for request in tuple(self._lasting):
            request.look(now)
        self._lasting |= self._new
        self._new.clear()
        if self._lasting and self._loop is not None:
            self._loop.call_later(TURN_SECONDS, self._turn)
        else:
            self._loop = None
