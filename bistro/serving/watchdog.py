"""Tells when something blocks the event loop, and where in the site it stands.

How it works: the loop beats four times a second, and a thread looks at the same pace whether it has
beaten. Beats are counted, not timed: a process that was stopped, or a machine that is too busy,
holds up both of them. Requests are not concerned, so they cost no more.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from bistro.ground.log import get_logger
from bistro.ground.site_files import is_site_file

BEAT_SECONDS = 0.25
BEATS_MISSED_MAX = 4
AGAIN_SECONDS = 10.0
"""A line is written for the first block, and then at most one in this time."""
FRAMES_MAX = 20

log = get_logger("bistro.event_loop")


class Watchdog:
    """Watches the running event loop from `start` to `stop`, both called in it."""

    def __init__(self, tell: Callable[[FrameType], None] | None = None) -> None:
        """`tell` is called in the watching thread, with the frame in which the loop stands."""
        self._tell = tell or tell_blocked
        self._beats = 0
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch the loop of this thread."""
        self._beat()
        watched = threading.get_ident()
        threading.Thread(target=self._watch, args=(watched,), name="bistro-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self._beats += 1
        self._timer = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beat)

    def _watch(self, watched: int) -> None:
        seen, missed, silent_until = 0, 0, 0.0
        while not self._ended.wait(BEAT_SECONDS):
            missed = missed + 1 if self._beats == seen else 0
            seen = self._beats
            if missed >= BEATS_MISSED_MAX and time.monotonic() >= silent_until:
                frame = sys._current_frames().get(watched)
                if frame is not None and not _is_debugged(frame):
                    self._tell(frame)
                    silent_until = time.monotonic() + AGAIN_SECONDS


def tell_blocked(frame: FrameType) -> None:
    """Log that the loop is blocked: the site's line at which it stands, and how it came there."""
    stack = find_stack(frame)
    where = next((each for each in stack if is_site_file(each[0])), stack[0])
    log.warning(
        "event_loop.blocked",
        where=_text(where),
        stack=" < ".join(map(_text, stack)),
        fix="Let what blocks run in a thread (a `def` handler, run_in_thread), or await something else.",
    )


def find_stack(frame: FrameType) -> list[tuple[str, int, str]]:
    """File, line and function from the innermost frame to the outermost that is the site's."""
    stack = [(each.f_code.co_filename, each.f_lineno, each.f_code.co_name) for each in _outward(frame)]
    of_site = [number for number, (file, _, _) in enumerate(stack) if is_site_file(file)]
    return stack[: of_site[-1] + 1 if of_site else FRAMES_MAX][:FRAMES_MAX]


def _outward(frame: FrameType) -> Iterator[FrameType]:
    each: FrameType | None = frame
    while each is not None:
        yield each
        each = each.f_back


def _is_debugged(frame: FrameType) -> bool:
    """Whether the loop stands in a debugger, which is no mistake."""
    return any(each.f_globals.get("__name__") in ("bdb", "pdb") for each in _outward(frame))


def _text(place: tuple[str, int, str]) -> str:
    file, line, name = place
    return f"{file.removeprefix(os.getcwd() + os.sep)}:{line} {name}"  # noqa: PTH109 - names are texts
