"""A clock that stands still until the test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_START: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A `Clock` whose time is what the test says.

    >>> clock = FakeClock()
    >>> clock.advance(timedelta(hours=1))
    >>> clock.now().isoformat()
    '2026-01-01T13:00:00+00:00'
    """

    __slots__ = ("_monotonic", "_now")

    def __init__(self, now: datetime = _START) -> None:
        self._now = _checked(now)
        # Not zero and not the wall time, so that code which mixes the two up is found out.
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """The date and time in UTC, with its time zone."""
        return self._now

    def time(self) -> float:
        """Seconds since 1970-01-01 00:00 UTC."""
        return self._now.timestamp()

    def monotonic(self) -> float:
        """Seconds since a point that means nothing; grows by what `advance` was given."""
        return self._monotonic

    def advance(self, by: timedelta | float) -> None:
        """Let time pass, in seconds where `by` is a number. Raises ValueError if it is negative."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta(0):
            raise ValueError("time passes forward; use `set` for a wall clock that was put back")
        self._now += step
        self._monotonic += step.total_seconds()

    def set(self, now: datetime) -> None:
        """Put the wall clock to `now`, back too, as an administrator may; `monotonic` stays."""
        self._now = _checked(now)

    def __repr__(self) -> str:
        return f"FakeClock({self._now.isoformat()})"


def _checked(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; write datetime(…, tzinfo=UTC)")
    return moment.astimezone(UTC)
