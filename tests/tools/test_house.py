from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.house import (
    count_code_lines,
    count_doc_blocks,
    find_calls,
    find_long_files,
    find_long_functions,
    find_test_time,
    find_undocumented,
    main,
    measure_import,
    measure_tests,
)
from tools.imports import Module, read_package


def build(folder: Path, files: dict[str, str]) -> dict[str, Module]:
    for name, text in {"bistro/__init__.py": "", **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return read_package(folder / "bistro")


def test_file_of_401_lines_is_long_and_one_of_400_is_not(tmp_path: Path) -> None:
    modules = build(tmp_path, {"bistro/a.py": "x = 1\n" * 401, "bistro/b.py": "x = 1\n" * 400})
    assert find_long_files(modules) == [f"{tmp_path}/bistro/a.py: 401 lines"]


def test_function_of_61_lines_is_long_and_one_of_60_is_not(tmp_path: Path) -> None:
    source = "def a():\n" + "    x = 1\n" * 60 + "def b():\n" + "    x = 1\n" * 59
    modules = build(tmp_path, {"bistro/a.py": source})
    assert find_long_functions(modules) == [f"{tmp_path}/bistro/a.py:1: a, 61 lines"]


def test_public_names_without_docstring_are_found_behind_the_face(tmp_path: Path) -> None:
    source = 'class Told:\n    """Yes."""\n    def method(self): ...\n    def _own(self): ...\ndef untold(): ...\ndef other(): ...\n'
    modules = build(
        tmp_path,
        {
            "bistro/http/__init__.py": "from bistro.http.a import Told, untold\n__all__ = ['Told', 'untold']\n",
            "bistro/http/a.py": source,
        },
    )
    path = f"{tmp_path}/bistro/http/a.py"
    assert find_undocumented(modules) == [f"{path}:3: Told.method", f"{path}:5: untold"]


def test_docstring_of_an_overloaded_function_is_that_of_its_body(tmp_path: Path) -> None:
    source = "@overload\ndef told(x: int) -> int: ...\ndef told(x):\n    'Yes.'\n"
    face = "from bistro.http.a import told\n__all__ = ['told']\n"
    modules = build(tmp_path, {"bistro/http/__init__.py": face, "bistro/http/a.py": source})
    assert find_undocumented(modules) == []


def test_calls_are_found_in_code_and_not_in_comments(tmp_path: Path) -> None:
    modules = build(tmp_path, {"bistro/a.py": "# exec(x)\ntext = 'exec(x)'\nexec(x)\n"})
    assert find_calls(modules, "exec") == [f"{tmp_path}/bistro/a.py:3"]


def test_blank_lines_and_comments_are_no_code(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("# why\n\nx = 1  # what\n    # more\n")
    assert count_code_lines(file) == 1


def test_ratio_of_tests_to_code_is_told(tmp_path: Path) -> None:
    build(tmp_path, {"bistro/a.py": "x = 1\n" * 10, "tests/test_a.py": "x = 1\n" * 15})
    assert measure_tests(tmp_path).value == "1.50"


def test_block_in_a_dialect_that_does_not_run_is_counted_against_the_docs(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("```python\nx = 1\n```\n```py\nx = 1\n```\n")
    assert count_doc_blocks(tmp_path).value == "1/2"


def test_time_of_the_last_run_is_read_from_its_closing_line(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "pytest.log").write_text("...\n===== 7 passed in 1.25s =====\n")
    assert find_test_time(tmp_path).value == "1.25 s"


def test_import_time_of_what_cannot_be_imported_is_no_number() -> None:
    assert str(measure_import("import a_package_that_is_not_there")) == "nan"


def test_figures_are_printed_for_people_and_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, {"bistro/a.py": "exec('x')\n"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tools.house.IMPORT_ROUNDS", 1)

    assert main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert main(["--json"]) == 0
    figures = {each["name"]: each for each in json.loads(capsys.readouterr().out)}

    assert "bistro/a.py:1" in shown
    assert (figures["exec("]["value"], figures["exec("]["goal"]) == ("1", "1")
