"""How attack tests measure that time grows in proportion to size."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

SIZE = 100_000
RATIO_MAX = 2.6
SECONDS_MAX = 0.050
# Below this the ratio says more about memory than about the function: whatever looks at every pair of
# 100,000 bytes needs more, even 32 bytes at a time.
TELLING_SECONDS = 0.005


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


@pytest.fixture
def assert_linear() -> Callable[..., None]:
    """Assert that `function(make(100 kB))` costs at most 50 ms, and 2.6 times what the half costs.

    What it raises must be a 4xx. A busy machine only adds time, so the best of some rounds counts. A
    single step, as where memory gets larger than a cache, is no trend: then the next doubling decides.
    """

    def check(
        function: Callable[[Any], object], make: Callable[[int], Any], seconds_max: float = SECONDS_MAX
    ) -> None:
        found = []
        for size in (SIZE, 2 * SIZE):
            seconds_half, seconds_whole = _best_times(function, make(size // 2), make(size))
            if size == SIZE and seconds_whole > seconds_max:
                pytest.fail(f"100 kB took {seconds_whole * 1000:.1f} ms")
            if seconds_whole < TELLING_SECONDS or seconds_whole / seconds_half <= RATIO_MAX:
                return
            found.append(f"{size} bytes took {seconds_whole / seconds_half:.2f} times as long as the half")
        pytest.fail("; ".join(found))

    return check


def _best_times(function: Callable[[Any], object], half: Any, whole: Any) -> tuple[float, float]:
    best_half = best_whole = float("inf")
    for count in range(20):
        best_half = min(best_half, _seconds(function, half))
        best_whole = min(best_whole, _seconds(function, whole))
        # Three rounds at least: the first one alone may have been disturbed.
        if count >= 2 and (best_whole < TELLING_SECONDS or best_whole / best_half <= RATIO_MAX):
            break
    return best_half, best_whole
