"""What type checkers say about models and queries: nothing where they are right, every line where they are wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

# The checkers are told for which Python to read, and it is the same one each time.
pytestmark = [pytest.mark.slow, pytest.mark.one_python]
FOLDER = Path(__file__).parent / "typing"
WRONG = FOLDER / "wrong.py"


def lines_marked_wrong() -> set[int]:
    lines = WRONG.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}


def run(root: Path, *command: str) -> str:
    return subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True).stdout


def test_mypy_reports_every_wrong_line_and_no_other(root: Path) -> None:
    output = run(root, "mypy", "--config-file", "pyproject.toml", str(FOLDER / "right.py"), str(WRONG))

    found = re.findall(r"typing/(\w+)\.py:(\d+): error", output)
    assert {int(line) for file, line in found if file == "wrong"} == lines_marked_wrong(), output
    assert {file for file, _ in found} == {"wrong"}, output


def test_pyright_reports_every_wrong_line_and_no_other(root: Path) -> None:
    output = run(root, "basedpyright", "--outputjson", str(FOLDER / "right.py"), str(WRONG))

    errors = [each for each in json.loads(output)["generalDiagnostics"] if each["severity"] == "error"]
    assert {each["range"]["start"]["line"] + 1 for each in errors if each["file"].endswith("wrong.py")} == (
        lines_marked_wrong()
    ), output
    assert not [each for each in errors if each["file"].endswith("right.py")], output
