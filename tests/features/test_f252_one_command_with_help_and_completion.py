"""F252: there is one command, with `--help`, exit codes and shell completion."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import environment, run_command


def test_f252_help_lists_the_commands_and_each_has_its_own(tmp_path: Path) -> None:
    ended = run_command(["--help"], tmp_path)
    assert ended.returncode == 0
    for name in ("run", "new", "routes", "plan", "check", "config", "inspect", "completion"):
        assert f"  {name} " in ended.stdout
        own = run_command([name, "--help"], tmp_path)
        assert own.returncode == 0
        assert "Example" in own.stdout


def test_f252_bash_completes_commands(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    script = run_command(["completion", "bash"], tmp_path).stdout
    (tmp_path / "bistro").write_text('#!/bin/sh\nexec "$PYTHON" -m bistro "$@"\n')
    (tmp_path / "bistro").chmod(0o755)
    ask = '\nCOMP_WORDS=(bistro ro); COMP_CWORD=1; _bistro_completion bistro; echo "${COMPREPLY[@]}"\n'
    env = environment({"PYTHON": sys.executable})
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    ended = subprocess.run(
        [bash, "-c", script + ask], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert ended.stdout.strip() == "routes", ended.stderr
