"""Environment, `.env` and TOML as sources, and what may be wrong with the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bistro.ground.config_settings import Setting, describe_settings
from bistro.ground.config_sources import Sources


@dataclass
class Shop:
    port: int = 80


@pytest.fixture
def setting() -> Setting:
    return next(describe_settings(Shop).settings())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_environment_goes_before_env_file_and_env_file_before_toml(folder: Path, setting: Setting):
    (folder / "x.env").write_text("\nPORT=2")
    (folder / "x.toml").write_text("port = 3")

    def found(env: dict[str, str], env_file: str | bool) -> object:
        return Sources(env, env_file or False, "x.toml").find(setting)

    assert found({"PORT": "1"}, "x.env") == ("1", "environment")
    assert found({}, "x.env") == ("2", "x.env:2")
    assert found({}, False) == (3, "x.toml: port")


@pytest.mark.parametrize(
    ("env", "read"), [({"ENV": "development"}, True), ({"ENV": "testing"}, False), ({}, False)]
)
def test_env_file_is_read_in_development_only(
    folder: Path, setting: Setting, env: dict[str, str], read: bool
):
    (folder / ".env").write_text("PORT=2")

    assert (Sources(env, None, None).find(setting) is not None) is read


def test_env_file_is_read_in_production_when_asked_for(folder: Path, setting: Setting):
    (folder / ".env").write_text("PORT=2")

    assert Sources({"ENV": "production"}, ".env", None).find(setting) == ("2", ".env:1")


def test_env_file_is_not_read_in_development_when_refused(folder: Path, setting: Setting):
    (folder / ".env").write_text("PORT=2")

    assert Sources({"ENV": "development"}, False, None).find(setting) is None


def test_missing_env_file_is_fine_in_development_and_a_fault_when_asked_for():
    assert Sources({"ENV": "development"}, None, None).faults == []
    (fault,) = Sources({}, "other.env", None).faults
    assert str(fault) == "other.env can't be read: No such file or directory"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"port = ", "x.toml is no TOML: Invalid value"), (b"\xff", "it is not UTF-8")],
)
def test_toml_that_cannot_be_read_is_a_fault(folder: Path, content: bytes, words: str):
    (folder / "x.toml").write_bytes(content)

    (fault,) = Sources({}, False, "x.toml").faults

    assert words in str(fault)


def test_missing_toml_is_a_fault():
    (fault,) = Sources({}, False, Path("none.toml")).faults

    assert str(fault) == "none.toml can't be read: No such file or directory"


def test_env_file_that_is_not_utf8_is_a_fault(folder: Path):
    (folder / ".env").write_bytes(b"A=\xff")

    (fault,) = Sources({}, ".env", None).faults

    assert ".env can't be read: it is not UTF-8" in str(fault)


def test_faulty_line_is_named_by_file_and_number(folder: Path):
    (folder / ".env").write_text("A=1\nhello\n")

    (fault,) = Sources({}, ".env", None).faults

    assert str(fault).startswith(".env:2 can't be read")
