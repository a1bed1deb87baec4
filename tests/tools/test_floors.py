from __future__ import annotations

from pathlib import Path

import pytest

from tools.floors import draw_map, find_circles, find_wrong_arrows, main
from tools.imports import Module, read_package

ROOT = Path(__file__).resolve().parent.parent.parent

FACES = {
    "bistro/__init__.py": "from bistro.site import App\n__all__ = ['App']\n",
    "bistro/site.py": "from bistro.app import App as BaseApp\nimport bistro.plugins\nclass App(BaseApp): ...\n",
    "bistro/ground/__init__.py": "from bistro.ground.errors import BistroError\n__all__ = ['BistroError']\n",
    "bistro/ground/errors.py": "class BistroError(Exception): ...\n",
    "bistro/http/__init__.py": "from bistro.http.request import Request\n__all__ = ['Request']\n",
    "bistro/http/request.py": "from bistro.ground.errors import BistroError\nclass Request: ...\nclass Hidden: ...\n",
    "bistro/validation/__init__.py": "",
    "bistro/routing/__init__.py": "",
    "bistro/serving/__init__.py": "",
    "bistro/app/__init__.py": "from bistro.app.app import App\n__all__ = ['App']\n",
    "bistro/app/app.py": "from bistro.http.request import Request\nclass App: ...\n",
    "bistro/plugins/__init__.py": "",
}


def build(folder: Path, files: dict[str, str]) -> dict[str, Module]:
    for name, text in {**FACES, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return read_package(folder / "bistro")


def faults_of(folder: Path, files: dict[str, str]) -> list[str]:
    """The faults of a small package, without the part of the path that changes from run to run."""
    modules = build(folder, files)
    faults = [*find_wrong_arrows(modules), *find_circles(modules)]
    return [fault.removeprefix(f"{folder}/") for fault in faults]


def test_package_whose_arrows_all_point_down_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(tmp_path, {}) == []


def test_import_of_a_higher_floor_is_told_with_file_and_line(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, {"bistro/http/url.py": "import re\nfrom bistro.app import App\n"})
    assert faults == ["bistro/http/url.py:2: http (floor 1) imports up: bistro.app (floor 3)"]


def test_import_of_a_neighbour_room_is_told(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, {"bistro/http/url.py": "from bistro.validation import convert\n"})
    assert faults == ["bistro/http/url.py:1: http (floor 1) imports sideways: bistro.validation (floor 1)"]


def test_import_hidden_in_a_function_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "def f():\n    from bistro.app import App\n"})
    assert "bistro/http/url.py:2" in fault


def test_import_hidden_under_type_checking_is_told(tmp_path: Path) -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bistro.app import App\n"
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": source})
    assert "imports up" in fault


def test_import_hidden_in_import_module_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "import_module('bistro.app.app')\n"})
    assert "imports up" in fault


def test_room_imported_as_a_name_of_the_package_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "from bistro import validation\n"})
    assert "imports sideways" in fault


def test_joiner_may_import_the_rooms_that_it_joins(tmp_path: Path) -> None:
    source = "from bistro.http import Request\nimport bistro.validation\n"
    assert faults_of(tmp_path, {"bistro/routing/table.py": source}) == []


def test_joiner_importing_another_room_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/serving/server.py": "import bistro.validation\n"})
    assert "a room that it does not join" in fault


def test_relative_import_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "from .request import Request\n"})
    assert "relative import" in fault


def test_star_import_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "from bistro.http.request import *\n"})
    assert "star import" in fault


def test_import_of_a_module_that_is_not_there_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/http/url.py": "from bistro.http.lost import x\n"})
    assert fault == "bistro/http/url.py:1: there is no module bistro.http.lost"


def test_room_that_stands_on_no_floor_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/attic/__init__.py": ""})
    assert "bistro.attic stands on no floor" in fault


def test_foreign_packages_are_nobodys_business(tmp_path: Path) -> None:
    assert faults_of(tmp_path, {"bistro/http/url.py": "import json\nfrom msgspec import Struct\n"}) == []


def test_start_of_the_package_as_a_program_is_a_way_in(tmp_path: Path) -> None:
    assert faults_of(tmp_path, {"bistro/__main__.py": "from bistro.plugins import x\n"}) == []


def test_two_files_that_import_each_other_are_a_circle(tmp_path: Path) -> None:
    files = {
        "bistro/http/one.py": "from bistro.http.two import b\n",
        "bistro/http/two.py": "def f():\n    from bistro.http.one import a\n",
    }
    assert faults_of(tmp_path, files) == [
        "bistro/http/one.py:1: circle of imports: bistro.http.one -> bistro.http.two -> bistro.http.one"
    ]


def test_file_that_imports_its_own_face_is_a_circle(tmp_path: Path) -> None:
    files = {"bistro/http/request.py": "from bistro.http import Request\nclass Request: ...\n"}
    (fault,) = faults_of(tmp_path, files)
    assert "bistro.http.request -> bistro.http" in fault
    assert "circle" in fault


def test_two_ways_to_the_same_file_are_no_circle(tmp_path: Path) -> None:
    files = {
        "bistro/http/one.py": "import bistro.http.two\nimport bistro.http.three\n",
        "bistro/http/two.py": "import bistro.http.three\n",
        "bistro/http/three.py": "",
    }
    assert faults_of(tmp_path, files) == []


def test_plugin_may_import_public_names_of_faces(tmp_path: Path) -> None:
    source = (
        "from bistro.app import App\nfrom bistro.http import Request\nfrom bistro.ground import BistroError\n"
    )
    assert faults_of(tmp_path, {"bistro/plugins/cors.py": source}) == []


def test_plugin_that_imports_from_the_front_door_is_told(tmp_path: Path) -> None:
    (fault, *circles) = faults_of(tmp_path, {"bistro/plugins/cors.py": "from bistro import App\n"})
    assert fault == "bistro/plugins/cors.py:1: plugins (floor 4) imports up: bistro (floor 5)"
    assert not circles


def test_plugin_that_reaches_behind_a_face_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/plugins/cors.py": "from bistro.http.request import Request\n"})
    assert fault.endswith(
        "plugins import from faces only (from bistro.room import Name), not from bistro.http.request"
    )


def test_plugin_that_imports_a_name_which_is_not_public_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"bistro/plugins/cors.py": "from bistro.http import Hidden\n"})
    assert fault.endswith("Hidden is not a public name of bistro.http (its __all__)")


SESSIONS = "class Sessions: ...\nclass Session: ...\ndef _private(): ...\n"


def test_plugin_may_use_another_that_it_requires(tmp_path: Path) -> None:
    source = (
        "from bistro.plugins.sessions import Session, Sessions\nclass Flash:\n    requires = (Sessions,)\n"
    )
    files = {"bistro/plugins/sessions.py": SESSIONS, "bistro/plugins/flash.py": source}
    assert faults_of(tmp_path, files) == []


def test_plugin_that_uses_another_without_requiring_it_is_told(tmp_path: Path) -> None:
    files = {
        "bistro/plugins/sessions.py": SESSIONS,
        "bistro/plugins/flash.py": "from bistro.plugins.sessions import Session\n",
    }
    (fault,) = faults_of(tmp_path, files)
    assert fault.endswith("plugin flash uses plugin sessions without naming it in `requires`")


def test_plugin_that_uses_a_private_name_of_another_is_told(tmp_path: Path) -> None:
    source = (
        "from bistro.plugins.sessions import Sessions, _private\nclass Flash:\n    requires = (Sessions,)\n"
    )
    files = {"bistro/plugins/sessions.py": SESSIONS, "bistro/plugins/flash.py": source}
    (fault,) = faults_of(tmp_path, files)
    assert "_private is not a public name" in fault


def test_files_of_one_plugin_may_import_each_other(tmp_path: Path) -> None:
    files = {
        "bistro/plugins/accounts/__init__.py": "from bistro.plugins.accounts.users import User\n",
        "bistro/plugins/accounts/users.py": "class User: ...\n",
    }
    assert faults_of(tmp_path, files) == []


def test_map_shows_each_room_with_what_it_imports(tmp_path: Path) -> None:
    lines = draw_map(build(tmp_path, {})).splitlines()
    assert "5      front door   plugins, app" in lines
    assert "3      app          http" in lines
    assert "0      ground" in lines
    assert lines.index("4      plugins") < lines.index("3      app          http")


def test_stale_map_is_told_and_drawn_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path, {})
    page = tmp_path / "ARCHITECTURE.md"
    page.write_text("before\n<!-- floors: begin -->\nold\n<!-- floors: end -->\nafter\n")

    assert main(["--quiet", str(tmp_path)]) == 1
    assert "the floor map is stale" in capsys.readouterr().out
    assert main(["--quiet", "--map", str(tmp_path)]) == 0
    assert main(["--quiet", str(tmp_path)]) == 0
    assert page.read_text().startswith("before\n<!-- floors: begin -->\n```text\nfloor")


def test_exit_code_is_1_when_an_arrow_points_up(tmp_path: Path) -> None:
    build(tmp_path, {"bistro/ground/text.py": "import bistro.app\n"})
    assert main(["--quiet", str(tmp_path)]) == 1


def test_bistro_itself_keeps_the_floors() -> None:
    modules = read_package(ROOT / "bistro")
    assert [*find_wrong_arrows(modules), *find_circles(modules)] == []
