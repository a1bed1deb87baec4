from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bistro.app import BaseApp
from bistro.cli.errors import AppImportFailed, AppNotFound
from bistro.cli.load_app import load_app
from tests.cli.conftest import HELLO, Site


def test_app_of_the_folder_is_loaded(hello: Site) -> None:
    assert isinstance(load_app(None, hello.folder), BaseApp)


def test_only_app_of_a_module_needs_no_certain_name(site: Site) -> None:
    site.write("from bistro import App\nshop = App()\nsame = shop\n")
    assert load_app(None, site.folder) is sys.modules["app"].shop


def test_app_called_app_wins_among_several(site: Site) -> None:
    site.write("from bistro import App\nadmin = App()\napp = App()\n")
    assert load_app(None, site.folder) is sys.modules["app"].app


def test_several_apps_are_told_by_their_names(site: Site) -> None:
    site.write("from bistro import App\nadmin = App()\nshop = App()\n")
    with pytest.raises(AppNotFound, match=r"admin, shop(.|\n)*app:admin"):
        load_app(None, site.folder)


def test_factory_is_called(site: Site) -> None:
    site.write("from bistro import App\ndef create_app() -> App:\n    return App()\n")
    assert isinstance(load_app(None, site.folder), BaseApp)


def test_factory_may_be_named(site: Site) -> None:
    site.write("from bistro import App\ndef make() -> App:\n    return App()\n", "shop.py")
    assert isinstance(load_app("shop:make()", site.folder), BaseApp)


def test_factory_that_fails_names_its_place(site: Site) -> None:
    site.write("def make():\n    raise KeyError('x')\n", "shop.py")
    with pytest.raises(AppImportFailed, match=r"shop:make(.|\n)*shop\.py:1"):
        load_app("shop:make", site.folder)


def test_module_without_app_says_what_to_write(site: Site) -> None:
    site.write("x = 1\n")
    with pytest.raises(AppNotFound, match=r"has no app(.|\n)*app = App\(\)"):
        load_app(None, site.folder)


def test_name_that_is_nearly_right_is_suggested(hello: Site) -> None:
    with pytest.raises(AppNotFound, match="Did you mean app:app"):
        load_app("app:ap", hello.folder)


def test_name_of_something_else_says_what_it_is(site: Site) -> None:
    site.write("app = 'no'\n")
    with pytest.raises(AppNotFound, match="is of type str"):
        load_app("app:app", site.folder)


def test_module_that_is_nearly_right_is_suggested(site: Site) -> None:
    site.write(HELLO, "shop.py")
    with pytest.raises(AppNotFound, match="Did you mean shop"):
        load_app("shpo:app", site.folder)


def test_missing_import_of_the_site_itself_is_its_own_error(site: Site) -> None:
    site.write("import not_installed_anywhere\n")
    with pytest.raises(AppImportFailed, match="not_installed_anywhere"):
        load_app(None, site.folder)


def test_file_called_like_a_module_of_python_is_told_to_be_renamed(site: Site) -> None:
    site.write(HELLO, "json.py")
    with pytest.raises(AppNotFound, match=r"Rename the file json\.py"):
        load_app("json.py", site.folder)


def test_what_the_site_prints_while_it_is_imported_is_no_data(
    hello: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    hello.write(HELLO + "\nprint('loading')\n")
    load_app(None, hello.folder)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loading\n")


def test_commands_run_as_in_development(hello: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hello.write("import os\n" + HELLO + "\nwhat = os.environ['BISTRO_ENV']\n")
    load_app(None, hello.folder)
    assert sys.modules["app"].what == "development"


def test_site_in_another_folder_imports_its_own_modules(site: Site) -> None:
    site.write("from bistro import App\nfrom parts import name\napp = App()\n", "web/app.py")
    site.write("name = 'part'\n", "web/parts.py")
    load_app("web/app.py", site.folder)
    assert Path(str(sys.modules["parts"].__file__)).parent == site.folder / "web"
