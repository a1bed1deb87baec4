"""How many processors this process may use."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def count_cores(cpu_max: Path = CPU_MAX) -> int:
    """The processors that this process may use: those that it may run on, as far as its container lets it.

    A container on a machine with many processors mostly has but a few of them: a quota of time,
    which Python does not look at (cgroups version 2, `cpu.max`).
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # another system, or "max": no quota
        quota, period = map(int, cpu_max.read_text().split())
        count = min(count, math.ceil(quota / period))
    return max(1, count)
