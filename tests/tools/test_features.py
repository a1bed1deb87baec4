from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.features import find_working, main, read_rows, summarize

TABLE = """
| # | Tier | Capability | Other |
|---:|:-:|---|---|
| | | **Requests** (2) | |
| 1 | D | Hello world | yes |
| 29 | W | Problem details | no |
| 312 | P | Last one | no |

| # | Convention | Check |
|---|---|---|
| C2 | Exit codes | table test |
"""


def write_tests(folder: Path, names: dict[str, str]) -> Path:
    tests = folder / "tests" / "features"
    tests.mkdir(parents=True)
    for name, text in names.items():
        (tests / name).write_text(text)
    return tests


def test_rows_are_read_with_tier_and_statement() -> None:
    assert [(row.id, row.tier, row.statement) for row in read_rows(TABLE)] == [
        ("F1", "D", "Hello world"),
        ("F29", "W", "Problem details"),
        ("F312", "P", "Last one"),
        ("C2", "C", "Exit codes"),
    ]


def test_file_named_after_a_row_makes_it_work(tmp_path: Path) -> None:
    assert find_working(write_tests(tmp_path, {"test_f029_problems.py": ""})) == {"F29"}


def test_functions_named_after_rows_make_them_work(tmp_path: Path) -> None:
    text = "def test_f001_hello(): ...\nasync def test_c02_exit_codes(): ...\n"
    assert find_working(write_tests(tmp_path, {"test_first_day.py": text})) == {"F1", "C2"}


def test_other_names_count_for_nothing(tmp_path: Path) -> None:
    text = "def test_fast(): ...\ndef helper_test_f001_x(): ...\n# test_f002_x\n"
    assert find_working(write_tests(tmp_path, {"test_files.py": text})) == set()


def test_summary_counts_by_tier_and_in_all() -> None:
    assert summarize(read_rows(TABLE), {"F1", "C2", "F999"}) == {
        "first day": (1, 1),
        "first week": (0, 1),
        "production": (0, 1),
        "conventions": (1, 1),
        "features": (1, 3),
    }


def test_table_that_is_not_at_hand_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "features.md")]) == 0
    assert "not at hand" in capsys.readouterr().out


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    write_tests(tmp_path, {"test_f001_hello.py": "", "test_f999_stray.py": ""})
    (tmp_path / "features.md").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    return "features.md"


def test_missing_rows_are_listed_on_request(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([table, "--missing"])
    shown = capsys.readouterr().out
    assert "F29   W  Problem details" in shown
    assert "Hello world" not in shown


def test_test_named_after_no_row_is_told(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([table])
    assert "F999, which is no row" in capsys.readouterr().out


def test_json_is_for_machines(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([table, "--json"])
    assert json.loads(capsys.readouterr().out)["features"] == [1, 3]
