"""How the tests of this floor measure that time grows in proportion to size."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest


def _seconds(function: Callable[[], object]) -> float:
    # The processor's time of this thread: what else the machine does is not the function's doing.
    start = time.thread_time()
    function()
    return time.thread_time() - start


@pytest.fixture
def assert_linear() -> Callable[[Callable[[str], object], Callable[[int], str]], None]:
    """Assert that `function(make(n))` costs at most 50 ms at 100 kB, and 2.6 times at the double."""

    def check(function: Callable[[str], object], make: Callable[[int], str]) -> None:
        small, large = make(50_000), make(100_000)
        function(small)
        # Caches and collections add time and never take any: the best of some interleaved rounds counts.
        rounds = []
        for _ in range(40):
            rounds.append((_seconds(lambda: function(small)), _seconds(lambda: function(large))))
            seconds_small = min(pair[0] for pair in rounds)
            seconds_large = min(pair[1] for pair in rounds)
            # Who traces each line, as coverage does, pays for it in proportion: then only the ratio counts.
            limit_seconds = 0.050 if sys.gettrace() is None else 1.0
            # Below a millisecond the ratio says more about memory than about the function.
            if seconds_large <= limit_seconds and (
                seconds_large < 0.001 or seconds_large / seconds_small <= 2.6
            ):
                return
        pytest.fail(f"50 kB took {seconds_small * 1000:.2f} ms, 100 kB took {seconds_large * 1000:.2f} ms")

    return check
