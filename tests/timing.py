"""How tests measure time: in proportion to size, and in proportion to the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SIZE = 100_000
RATIO_MAX = 2.6
SECONDS_MAX = 0.050
# Below this the ratio says more about memory than about the function: whatever looks at every pair of
# 100,000 bytes needs more, even 32 bytes at a time.
TELLING_SECONDS = 0.005
REFERENCE_SECONDS = 0.005
"""What `_work` takes on the machine on which the figures of the tests hold."""


def slowness() -> float:
    """How many times as long as the reference machine this one needs just now; 1 at least.

    Figures in seconds are multiplied by it: a machine at half the speed is no defect of the code.
    """
    return max(1.0, min(_seconds(_work, None) for _ in range(5)) / REFERENCE_SECONDS)


def is_within(seconds: float, limit: float) -> bool:
    """Whether what took `seconds` here takes less than `limit` seconds on the reference machine."""
    return seconds < limit or seconds < limit * slowness()


def _work(_given: object) -> int:
    count = 0
    for character in "0123456789" * 30_000:
        if character > "5":
            count += 1
    return count


def _seconds(function: Callable[[Any], object], given: Any) -> float:
    # Time of this thread on a processor: what others take meanwhile doesn't count.
    start = time.thread_time()
    try:
        function(given)
    except Exception as error:
        # A refusal is an answer too; anything without a status would be a 500.
        if not 400 <= getattr(error, "status", 500) < 500:
            raise
    return time.thread_time() - start


def find_growth(
    function: Callable[[Any], object], make: Callable[[int], Any], seconds_max: float = SECONDS_MAX
) -> str | None:
    """What is wrong with the time of `function(make(n))`: over the limit at 100 kB, or more than linear.

    What it raises must be a 4xx. A busy machine only adds time, so the best of some rounds counts. A
    single step, as where memory gets larger than a cache, is no trend: then the next doubling decides.
    """
    found = []
    for size in (SIZE, 2 * SIZE):
        seconds_half, seconds_whole = _best_times(function, make(size // 2), make(size))
        if size == SIZE and not is_within(seconds_whole, seconds_max):
            return f"100 kB took {seconds_whole * 1000:.1f} ms"
        if seconds_whole < TELLING_SECONDS or seconds_whole / seconds_half <= RATIO_MAX:
            return None
        found.append(f"{size} bytes took {seconds_whole / seconds_half:.2f} times as long as the half")
    return "; ".join(found)


def _best_times(function: Callable[[Any], object], half: Any, whole: Any) -> tuple[float, float]:
    best_half = best_whole = float("inf")
    for count in range(20):
        best_half = min(best_half, _seconds(function, half))
        best_whole = min(best_whole, _seconds(function, whole))
        # Three rounds at least: the first one alone may have been disturbed.
        if count >= 2 and (best_whole < TELLING_SECONDS or best_whole / best_half <= RATIO_MAX):
            break
    return best_half, best_whole
