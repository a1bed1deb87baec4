"""The time, from an object, so that tests own it (`bistro.testing` has one that stands still)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What needs the time takes a Clock.

    Wall time (`now`, `time`) is for what people and other machines see: tokens, sessions, log
    lines; it may jump. `monotonic` never goes back, and is for durations, time-outs and limits.
    """

    def now(self) -> datetime:
        """The date and time in UTC, with its time zone."""
        ...

    def time(self) -> float:
        """Seconds since 1970-01-01 00:00 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since a point that means nothing; only differences do."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """The date and time in UTC, with its time zone."""
        return datetime.now(UTC)

    def time(self) -> float:
        """Seconds since 1970-01-01 00:00 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since a point that means nothing; only differences do."""
        return time.monotonic()

    def __repr__(self) -> str:
        return "SystemClock()"
