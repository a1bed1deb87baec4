from __future__ import annotations

from pathlib import Path

from tools.imports import Module
from tools.reasons import find_unexplained


def faults_of(folder: Path, source: str) -> list[tuple[int, str]]:
    file = folder / "module.py"
    file.write_text(source)
    return list(find_unexplained(Module("module", file)))


def test_any_without_a_comment_is_told(tmp_path: Path) -> None:
    source = "from typing import Any\n\ndef f(x: Any) -> None: ...\n"
    assert faults_of(tmp_path, source) == [(3, "Any without a reason")]


def test_any_explained_on_its_line_is_fine(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "from typing import Any\nx: Any = f()  # Any: f is untyped\n") == []


def test_any_explained_right_above_is_fine(tmp_path: Path) -> None:
    source = "from typing import Any\n# Any: whatever the caller hands over,\n# really.\ndef f(x: Any) -> None: ...\n"
    assert faults_of(tmp_path, source) == []


def test_any_explained_in_the_signature_is_fine_for_the_body_as_well(tmp_path: Path) -> None:
    source = "from typing import Any\ndef f(\n    x: Any,  # Any: no one knows\n):\n    y: Any = x\n"
    assert faults_of(tmp_path, source) == []


def test_reason_in_the_body_does_not_speak_for_the_signature(tmp_path: Path) -> None:
    source = "from typing import Any\ndef f(x: Any):\n    y = x\n    z: Any = y  # Any: untyped\n"
    assert faults_of(tmp_path, source) == [(2, "Any without a reason")]


def test_reason_at_the_import_speaks_for_the_file(tmp_path: Path) -> None:
    source = "from typing import Any  # Any: handlers return what they like\nx: Any\ny: Any\n"
    assert faults_of(tmp_path, source) == []


def test_type_ignore_without_a_code_is_told(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "x = f()  # type: ignore\n") == [(1, "type: ignore without a code")]


def test_type_ignore_without_a_reason_is_told(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "x = f()  # type: ignore[misc]\n") == [(1, "type: ignore without a reason")]


def test_type_ignore_with_code_and_reason_is_fine(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "x = f()  # type: ignore[misc]  # the stub is wrong\n") == []


def test_text_that_only_looks_like_a_comment_is_left_alone(tmp_path: Path) -> None:
    assert faults_of(tmp_path, 'x = "# type: ignore"\n') == []
