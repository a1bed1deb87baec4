from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = """
from bistro.ground import lazy_names
__all__ = ["Plate", "wash"]
__getattr__, __dir__ = lazy_names(__name__, {"plates": ("Plate",), "sink.tap": ("wash",)})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"lazy_{tmp_path.name}"
    folder = tmp_path / name
    (folder / "sink").mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE)
    (folder / "plates.py").write_text("class Plate: pass\n")
    (folder / "sink" / "__init__.py").write_text("")
    (folder / "sink" / "tap.py").write_text("def wash(): return 'clean'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_module_is_loaded_when_one_of_its_names_is_used(package: str) -> None:
    face = importlib.import_module(package)
    assert f"{package}.plates" not in sys.modules

    assert face.Plate is importlib.import_module(f"{package}.plates").Plate
    assert f"{package}.sink.tap" not in sys.modules
    assert face.wash() == "clean"


def test_a_name_is_looked_up_once(package: str) -> None:
    face = importlib.import_module(package)
    assert "Plate" not in vars(face)
    plate = face.Plate
    assert vars(face)["Plate"] is plate


def test_an_unknown_name_is_an_attribute_error_that_names_the_package(package: str) -> None:
    face = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'Cup'"):
        _ = face.Cup
    with pytest.raises(ImportError, match="Cup"):
        exec(f"from {package} import Cup")


def test_dir_knows_all_names_before_they_are_loaded(package: str) -> None:
    assert {"Plate", "wash", "__all__"} <= set(dir(importlib.import_module(package)))


@pytest.mark.parametrize(
    "face", ["bistro", "bistro.ground", "bistro.plugins", "bistro.templates", "bistro.testing"]
)
def test_every_face_gives_all_that_it_promises(face: str) -> None:
    module = importlib.import_module(face)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.one_python
def test_type_checkers_find_a_misspelt_name_of_a_face(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from bistro import Appp\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(tmp_path), str(wrong)],
        capture_output=True,
        text=True,
    )
    assert 'Module "bistro" has no attribute "Appp"' in checked.stdout, checked.stdout + checked.stderr
