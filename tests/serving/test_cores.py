from __future__ import annotations

import os
from pathlib import Path

import pytest

from bistro.serving.cores import count_cores

ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", ALL), ("50000 100000", 1), ("100000 100000", 1), ("99900000 100000", ALL), ("odd", ALL)],
)
def test_quota_of_a_container_limits_the_cores(quota: str, cores: int, tmp_path: Path) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota + "\n")
    assert count_cores(file) == cores


def test_without_a_container_all_that_may_be_used_are_counted(tmp_path: Path) -> None:
    assert count_cores(tmp_path / "missing") == ALL
