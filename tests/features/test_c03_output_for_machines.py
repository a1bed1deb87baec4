"""C3: `--json` on every inspecting command, data on stdout, messages on stderr, colour where it is seen."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import environment, run_command

# What a site prints while it is imported is no data either.
HELLO = (
    'import sys\nfrom bistro import App\nprint("loading")\napp = App()\n'
    '@app.get("/")\ndef hello() -> str:\n    return ""\n'
)
INSPECTING = [["routes"], ["routes", "--why", "/"], ["plan", "GET", "/"], ["check"], ["config"], ["inspect"]]


@pytest.mark.parametrize("words", INSPECTING)
def test_c03_json_is_all_there_is_on_standard_output(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    ended = run_command([*words, "--json"], tmp_path)
    assert isinstance(json.loads(ended.stdout), list | dict)
    assert ended.stderr.startswith("loading\n")


@pytest.mark.parametrize("words", INSPECTING)
def test_c03_no_colour_in_a_pipe_unless_forced(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "app.py").write_text(HELLO + "\nclass A: ...\napp.provide(A, A)\n")
    assert "\x1b" not in run_command(words, tmp_path).stdout
    assert "\x1b" not in run_command([*words, "--json"], tmp_path, {"FORCE_COLOR": "1"}).stdout
    if words != ["plan", "GET", "/"]:
        assert "\x1b" in run_command(words, tmp_path, {"FORCE_COLOR": "1"}).stdout


@pytest.mark.parametrize(
    ("env", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_c03_colour_in_a_terminal_unless_refused(
    tmp_path: Path, env: dict[str, str], is_coloured: bool
) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "bistro", "routes"],
            cwd=tmp_path, env={**environment(), "TERM": "xterm", **env}, stdout=theirs,
            stderr=subprocess.DEVNULL, timeout=30, check=True,
        )  # fmt: skip
        assert (b"\x1b[" in os.read(ours, 65536)) is is_coloured
    finally:
        os.close(ours)
        os.close(theirs)


def test_c03_message_without_data_leaves_standard_output_empty(tmp_path: Path) -> None:
    ended = run_command(["routes"], tmp_path)
    assert (ended.stdout, ended.returncode) == ("", 1)
    assert "there is no app.py" in ended.stderr
