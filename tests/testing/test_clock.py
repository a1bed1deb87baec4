from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bistro.ground.clock import Clock
from bistro.testing import FakeClock


def test_clock_stands_still():
    clock: Clock = FakeClock()
    assert (clock.now(), clock.time(), clock.monotonic()) == (clock.now(), clock.time(), clock.monotonic())


def test_both_times_are_the_same_moment():
    clock = FakeClock(datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert datetime.fromtimestamp(clock.time(), UTC) == clock.now() == datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("step", [90, 90.0, timedelta(minutes=1, seconds=30)])
def test_advancing_moves_all_three(step):
    clock = FakeClock()
    before = clock.now(), clock.time(), clock.monotonic()
    clock.advance(step)
    assert clock.now() - before[0] == timedelta(seconds=90)
    assert (clock.time() - before[1], clock.monotonic() - before[2]) == (90, 90)


def test_time_does_not_pass_backwards():
    with pytest.raises(ValueError, match="forward"):
        FakeClock().advance(-1)


def test_wall_clock_may_be_put_back_and_durations_do_not_notice():
    clock = FakeClock()
    monotonic = clock.monotonic()
    clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    assert (clock.now().year, clock.monotonic()) == (2020, monotonic)


def test_start_is_shown_in_utc():
    clock = FakeClock(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert repr(clock) == "FakeClock(2026-01-01T10:00:00+00:00)"


def test_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        FakeClock(datetime(2026, 1, 1))
