"""The system's clock tells the time that the standard library tells."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bistro.ground.clock import Clock, SystemClock


def test_system_clock_is_a_clock():
    clock: Clock = SystemClock()

    assert repr(clock) == "SystemClock()"


def test_now_is_aware_and_in_utc():
    before = datetime.now(UTC)

    now = SystemClock().now()

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_time_is_wall_time_in_seconds():
    assert abs(SystemClock().time() - time.time()) < 5


def test_monotonic_never_goes_back():
    clock = SystemClock()

    readings = [clock.monotonic() for _ in range(1_000)]

    assert readings == sorted(readings)
