"""F253: a site has commands of its own, with typed arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import run_command

SITE = """
from pathlib import Path
from typing import Literal

from bistro import App, Setup

class Shop:
    def install(self, setup: Setup) -> None:
        setup.command("count", self.count)

    async def count(self, numbers: list[int]) -> int:
        \"\"\"Count to the sum of NUMBERS.\"\"\"
        return sum(numbers)

app = App(Shop())

@app.command("import-items")
def import_items(file: Path, currency: Literal["EUR", "CHF"] = "EUR", limit: int = 10, dry_run: bool = False) -> None:
    print(repr((file.name, currency, limit, dry_run)))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    return tmp_path


def test_f253_values_come_in_the_types_of_the_signature(folder: Path) -> None:
    ended = run_command(["import-items", "a/b.csv", "--currency", "CHF", "--limit", "3", "--dry-run"], folder)
    assert (ended.returncode, ended.stdout) == (0, "('b.csv', 'CHF', 3, True)\n")


@pytest.mark.parametrize("wrong", [["--limit", "few"], ["--currency", "USD"], ["--limt", "3"]])
def test_f253_value_that_does_not_fit_is_wrong_usage(folder: Path, wrong: list[str]) -> None:
    ended = run_command(["import-items", "a.csv", *wrong], folder)
    assert (ended.returncode, ended.stdout) == (2, "")


def test_f253_plugins_add_commands_and_their_int_is_the_exit_code(folder: Path) -> None:
    assert run_command(["count", "3", "4"], folder).returncode == 7


def test_f253_own_commands_are_in_the_help(folder: Path) -> None:
    assert "count" in run_command(["--help"], folder).stdout
    assert "Count to the sum of NUMBERS." in run_command(["count", "--help"], folder).stdout


def test_f253_parameter_of_another_type_is_told_with_its_place(folder: Path) -> None:
    (folder / "app.py").write_text(SITE.replace("limit: int = 10", "limit: bytes = b''"))
    ended = run_command(["import-items", "a.csv"], folder)
    assert ended.returncode == 1
    assert "parameter limit of the command import-items has the type bytes" in ended.stderr
    assert "app.py:17" in ended.stderr
