"""How much a worker may wear before it asks its parent to be replaced.

How it works: the worker looks at itself once a second and says a letter on its lifeline when it is
over a limit; it serves on until the parent has a successor for it. What is not limited costs
nothing: requests are counted only where their number is.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

# Any: what a coroutine yields and is sent is asyncio's own.
from typing import Any

from msgspec import Struct

from bistro.ground.types import Application, Exchange

JITTER = 0.1
"""By so much of the limit a worker's own may be higher, so that they don't all come to it together."""
MEBIBYTE = 1024 * 1024

MEMORY, REQUESTS, AGE = b"m", b"q", b"a"
REASONS = {MEMORY: "has grown too large", REQUESTS: "has served its requests", AGE: "is old"}
"""What a worker says, and what it means."""


class WearLimits(Struct, frozen=True):
    """What a worker may take in MiB of memory, in requests and in seconds; None for no limit."""

    memory_mib: float | None = None
    requests: int | None = None
    age_seconds: float | None = None

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        return self != WearLimits()


class CountingApp:
    """The app, and how many requests it was given."""

    def __init__(self, app: Application) -> None:
        self.count = 0
        self._handle = app.handle
        self.refuse, self.start, self.stop = app.refuse, app.start, app.stop

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """Count one more, and let the app answer it."""
        self.count += 1
        return self._handle(exchange)


class Wear:
    """Watches one worker."""

    def __init__(
        self, limits: WearLimits, app: Application, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        """What is to be served: the app, or the one that counts for it."""
        self._limits = limits
        self._now = now
        self._requests_max = _jitter(limits.requests)
        self._old_at = now() + _jitter(limits.age_seconds)
        if limits.requests is not None:
            self.app = self._counting = CountingApp(app)

    def find_reason(self) -> bytes | None:
        """The letter for the limit that is passed, if one is."""
        limits = self._limits
        if limits.memory_mib is not None and read_memory() > limits.memory_mib * MEBIBYTE:
            return MEMORY
        if limits.requests is not None and self._counting.count >= self._requests_max:
            return REQUESTS
        return AGE if self._now() >= self._old_at else None


def read_memory() -> int:
    """The bytes of memory that this process holds; where the system does not tell, its most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        import resource  # only here: Windows has none

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * os.sysconf("SC_PAGESIZE")


def _jitter(limit: float | None) -> float:
    return float("inf") if limit is None else limit * (1 + JITTER * random.random())  # noqa: S311 - no secret
