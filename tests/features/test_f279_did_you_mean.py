"""F279: what is misspelt is told with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import run_command

SITE = """
from bistro import App

app = App()

@app.get("/")
def home() -> str:
    return ""

@app.command("greet")
def greet() -> None: ...
"""


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["rotues"], "routes"),
        (["gret"], "greet"),
        (["routes", "--methd", "GET"], "--method"),
        (["run", "ap.py"], "app.py"),
        (["routes", "--app", "app:ap"], "app:app"),
    ],
)
def test_f279_command_option_and_app(tmp_path: Path, words: list[str], meant: str) -> None:
    (tmp_path / "app.py").write_text(SITE)
    ended = run_command(words, tmp_path)
    assert ended.returncode in (1, 2)
    assert "Did you mean" in ended.stderr
    assert meant in ended.stderr


def test_f279_setting(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / "pyproject.toml").write_text("[tool.bistro.check]\nsilense = {}\n")
    assert "Did you mean silence?" in run_command(["check"], tmp_path).stderr


def test_f279_route_by_name(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        SITE + "\n@app.command('link')\ndef link() -> None:\n    app.url('hoem')\n"
    )
    assert "home" in run_command(["link"], tmp_path).stderr


def test_f279_converter(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        SITE + "\n@app.get('/{id:itn}')\ndef show(id: int) -> str:\n    return ''\n"
    )
    assert "int" in run_command(["check"], tmp_path).stdout
