from __future__ import annotations

import asyncio
import bdb
import json
import logging
import sys
import threading
import time
from types import FrameType

import pytest

from bistro.ground.log_format import FIELDS_ATTRIBUTE
from bistro.serving import watchdog
from bistro.serving.watchdog import Watchdog, find_stack, tell_blocked
from tests.serving.support import both_loops, run

__all__ = ["both_loops"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "BEAT_SECONDS", 0.02)


def block(seconds: float) -> None:
    time.sleep(seconds)


async def watch_while(seconds: float, times: int = 1, pause: float = 0.0) -> list[str]:
    told: list[str] = []

    def tell(frame: FrameType) -> None:
        told.append(frame.f_code.co_name)

    dog = Watchdog(tell)
    dog.start()
    for _ in range(times):
        await asyncio.sleep(pause)
        block(seconds)
    dog.stop()
    return told


def test_a_block_is_told_once_with_the_place_at_which_the_loop_stands() -> None:
    assert run(watch_while(0.5)) == ["block"]


def test_further_blocks_are_told_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(watch_while(0.3, times=3, pause=0.05)) == ["block"]
    monkeypatch.setattr(watchdog, "AGAIN_SECONDS", 0.0)
    assert len(run(watch_while(0.3, times=3, pause=0.05))) >= 3


def test_short_blocks_are_no_matter() -> None:
    assert run(watch_while(0.02, times=10)) == []


def test_the_thread_ends_with_the_watch() -> None:
    run(watch_while(0.0))
    for thread in threading.enumerate():
        if thread.name == "bistro-watchdog":
            thread.join(5)
            assert not thread.is_alive()


def test_a_debugger_that_waits_is_no_mistake() -> None:
    async def debug() -> list[str]:
        told: list[str] = []
        dog = Watchdog(lambda frame: told.append(frame.f_code.co_name))
        dog.start()
        exec("import time\ntime.sleep(0.4)", {"__name__": bdb.__name__})
        dog.stop()
        return told

    assert run(debug()) == []


def test_the_stack_goes_from_where_it_stands_to_the_outermost_place_of_the_site() -> None:
    stack = find_stack(sys._getframe())
    assert stack[0][2] == "test_the_stack_goes_from_where_it_stands_to_the_outermost_place_of_the_site"
    assert len(stack) <= watchdog.FRAMES_MAX


def test_the_log_line_names_the_sites_own_place_also_from_within_a_library(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Tells(json.JSONEncoder):
        def default(self, o: object) -> str:
            tell_blocked(sys._getframe(1))  # the frame of json, which called us
            return ""

    with caplog.at_level(logging.WARNING, "bistro.event_loop"):
        json.dumps(object(), cls=Tells, indent=1)
    (record,) = caplog.records
    assert record.getMessage() == "event_loop.blocked"
    fields = vars(record)[FIELDS_ATTRIBUTE]
    assert "test_watchdog.py:" in fields["where"]
    assert fields["stack"].split(" < ")[0].split(":")[0].endswith("encoder.py")
