from __future__ import annotations

from pathlib import Path

import pytest

from bistro.cli.errors import AppNotFound
from bistro.cli.find_app import find_source, get_source


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_app_py_in_the_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "main.py")
    source = get_source(None, tmp_path)
    assert (source.root, source.module, source.attribute) == (tmp_path, "app", None)


def test_main_py_is_found_where_there_is_no_app_py(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    assert get_source(None, tmp_path).module == "main"


def test_empty_folder_holds_no_app(tmp_path: Path) -> None:
    assert find_source(None, tmp_path) is None


def test_getting_an_app_from_an_empty_folder_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AppNotFound, match="bistro new NAME"):
        get_source(None, tmp_path)


def test_argument_names_a_file_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, "examples/notes/app.py")
    source = get_source("examples/notes/app.py", tmp_path)
    assert (source.root, source.module) == (tmp_path / "examples/notes", "app")


def test_argument_names_a_file_and_a_name_in_it(tmp_path: Path) -> None:
    write(tmp_path, "shop.py")
    source = get_source("shop.py:admin.app", tmp_path)
    assert (source.module, source.attribute) == ("shop", "admin.app")


def test_argument_names_a_module_and_a_factory(tmp_path: Path) -> None:
    source = get_source("shop.site:make()", tmp_path)
    assert (source.root, source.module, source.attribute) == (tmp_path, "shop.site", "make()")


def test_argument_names_a_folder_with_an_app_py(tmp_path: Path) -> None:
    write(tmp_path, "notes/app.py")
    assert get_source("notes", tmp_path).root == tmp_path / "notes"


def test_file_inside_a_package_is_imported_as_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, "shop/__init__.py", "shop/web/__init__.py", "shop/web/site.py")
    source = get_source("shop/web/site.py", tmp_path)
    assert (source.root, source.module) == (tmp_path, "shop.web.site")


def test_package_is_named_by_its_folder(tmp_path: Path) -> None:
    write(tmp_path, "src/shop/__init__.py")
    source = get_source("src/shop", tmp_path)
    assert (source.root, source.module) == (tmp_path / "src", "shop")


def test_argument_wins_over_variable_and_project_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.bistro]\napp = "third:app"\n')
    assert get_source("first:app", tmp_path, "second:app").module == "first"
    assert get_source(None, tmp_path, "second:app").module == "second"
    assert get_source(None, tmp_path, None).module == "third"


def test_project_file_of_a_folder_above_counts_from_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.bistro]\napp = "shop:app"\n')
    inner = tmp_path / "docs"
    inner.mkdir()
    assert get_source(None, inner).root == tmp_path


def test_missing_file_is_told_with_the_name_that_was_meant(tmp_path: Path) -> None:
    write(tmp_path, "web/app.py")
    with pytest.raises(AppNotFound, match=r"Did you mean web/app\.py"):
        get_source("web/ap.py", tmp_path)


@pytest.mark.parametrize("text", ["no app", "a-b", "--x", "1st:app"])
def test_text_that_is_no_place_is_refused_with_the_ways_to_write_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(AppNotFound, match=r"shop/app\.py"):
        get_source(text, tmp_path)
