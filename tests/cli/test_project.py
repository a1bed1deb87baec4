from __future__ import annotations

from pathlib import Path

import pytest

from bistro.cli.errors import ProjectSettingsError
from bistro.cli.project import read_project


def test_folder_without_project_file_has_no_settings(tmp_path: Path) -> None:
    project = read_project(tmp_path)
    assert (project.app, project.silence) == (None, {})


def test_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.bistro]\napp = "shop:app"\n[tool.bistro.check]\nsilence = {"app.W001" = "old"}\n'
    )
    project = read_project(tmp_path)
    assert (project.app, project.silence) == ("shop:app", {"app.W001": "old"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.bistro]\nap = 'x'", "Did you mean app"),
        ("[tool.bistro]\napp = 3", "not text"),
        ("[tool]\nbistro = 3", "not a table"),
        ("[tool.bistro]\ncheck = 3", "not a table"),
        ("[tool.bistro.check]\nsilences = {}", "Did you mean silence"),
        ("[tool.bistro.check]\nsilence = ['app.W001']", "a reason"),
        ("[tool.bistro.check]\nsilence = {'app.W001' = ' '}", "no reason for app.W001"),
        ("[tool.bistro", "can't be read"),
    ],
)
def test_mistake_names_the_file_and_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ProjectSettingsError, match=message) as caught:
        read_project(tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(caught.value)
