"""F257: a command makes a new project, which runs and whose tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import Running, environment, fetch, run_command

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("layout", [[], ["--package"]], ids=["file", "package"])
def test_f257_new_project_runs_and_its_tests_pass(tmp_path: Path, layout: list[str]) -> None:
    assert run_command(["new", "shop", *layout], tmp_path).returncode == 0
    folder = tmp_path / "shop"
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert tests.returncode == 0
    with Running(["run", "--port", "0"], folder) as running:
        assert fetch(running.wait_until_serving())[0] == 200
