"""C1: `python -m bistro` and `bistro` are the same command, with help, version and completion."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bistro import __version__
from tests.cli.processes import ROOT, environment, run_command, run_to_end


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["rotues"]])
def test_c01_script_and_module_say_the_same(tmp_path: Path, words: list[str]) -> None:
    module, _, function = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"][
        "bistro"
    ].partition(":")
    script = f"import sys; from {module} import {function}; sys.exit({function}())"
    by_script = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    by_module = run_to_end(words, tmp_path)
    assert (by_script.returncode, by_script.stdout, by_script.stderr) == (
        by_module.returncode,
        by_module.stdout,
        by_module.stderr,
    )


def test_c01_version(tmp_path: Path) -> None:
    assert run_command(["--version"], tmp_path).stdout == f"bistro {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_c01_completion(tmp_path: Path, shell: str) -> None:
    ended = run_command(["completion", shell], tmp_path)
    assert (ended.returncode, "bistro" in ended.stdout) == (0, True)
