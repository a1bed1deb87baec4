"""F280: checks have ids and levels, can be silenced, decide the exit code, and plugins add their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.processes import run_command

SITE = """
from bistro import App, Setup
from bistro.app import Finding

class Shop:
    def install(self, setup: Setup) -> None:
        setup.check(self.look)

    def look(self, app: App) -> list[Finding]:
        return [
            Finding("shop.E001", "error", "no prices", fix="Add prices.toml."),
            Finding("shop.W001", "warning", "old prices"),
            Finding("shop.I001", "info", "few prices"),
        ]

app = App(Shop())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "ids", "code"),
    [
        ([], ["shop.E001", "shop.W001"], 1),
        (["--level", "error"], ["shop.E001"], 1),
        (["--level", "info"], ["shop.E001", "shop.W001", "shop.I001"], 1),
        (["--silence", "shop.E001"], ["shop.W001"], 1),
        (["--silence", "shop.E001", "--silence", "shop.W001", "--level", "info"], ["shop.I001"], 0),
        (["--silence", "shop.E001", "--silence", "shop.W001"], [], 0),
    ],
)
def test_f280_levels_and_silence_decide_what_is_shown_and_the_exit_code(
    folder: Path, options: list[str], ids: list[str], code: int
) -> None:
    ended = run_command(["check", "--json", *options], folder)
    assert [each["id"] for each in json.loads(ended.stdout)] == ids
    assert ended.returncode == code


def test_f280_silence_for_good_needs_a_reason(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.bistro.check]\nsilence = {"shop.E001" = "they are free"}\n')
    assert "shop.E001" not in run_command(["check"], folder).stdout
    (folder / "pyproject.toml").write_text('[tool.bistro.check]\nsilence = {"shop.E001" = ""}\n')
    assert run_command(["check"], folder).returncode == 78


def test_f280_app_that_cannot_start_is_reported_in_the_same_way(folder: Path) -> None:
    (folder / "app.py").write_text(SITE + "\n@app.get('/')\ndef a(): ...\n@app.get('/')\ndef b(): ...\n")
    ended = run_command(["check", "--json"], folder)
    (finding,) = json.loads(ended.stdout)
    assert (ended.returncode, finding["id"], len(finding["where"])) == (1, "B204", 2)
