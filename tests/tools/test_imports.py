from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tools.imports import find_imports, find_public_names, read_package


def imports_of(source: str) -> list[tuple[str, str]]:
    return [(each.module, each.name) for each in find_imports(ast.parse(source))]


def test_import_inside_a_function_is_found() -> None:
    assert imports_of("def f():\n    from bistro.app import App\n") == [("bistro.app", "App")]


def test_import_for_type_checking_only_is_found() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bistro.app\n"
    assert ("bistro.app", "") in imports_of(source)


def test_import_by_a_call_with_a_fixed_name_is_found() -> None:
    assert imports_of("importlib.import_module('bistro.app')") == [("bistro.app", "")]


def test_import_by_a_call_with_a_computed_name_is_left_out() -> None:
    assert imports_of("importlib.import_module(name)") == []


def test_relative_import_is_marked() -> None:
    (found,) = find_imports(ast.parse("from .errors import Problem"))
    assert found.is_relative


def test_every_name_of_an_import_is_told_with_its_line() -> None:
    found = list(find_imports(ast.parse("\n\nfrom a import b, c")))
    assert [(each.name, each.line) for each in found] == [("b", 3), ("c", 3)]


def test_public_names_are_read_from_a_list() -> None:
    assert find_public_names(ast.parse("__all__ = ['A', 'b']")) == ("A", "b")


def test_public_names_are_read_from_the_keys_of_a_table() -> None:
    source = "HOMES: dict[str, str] = {'App': 'bistro.app', 'Page': 'bistro.page'}\n__all__ = [*HOMES]"
    assert find_public_names(ast.parse(source)) == ("App", "Page")


def test_public_names_are_read_through_sorted() -> None:
    assert find_public_names(ast.parse("HOMES = {'b': 1, 'a': 2}\n__all__ = sorted(HOMES)")) == ("b", "a")


def test_public_names_that_are_computed_are_read_from_the_reexports() -> None:
    source = (
        "if TYPE_CHECKING:\n    from bistro.app import App as App\n    from bistro.app import Hidden\n"
        "_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}\n__all__ = sorted(_ROOM_OF)\n"
    )
    assert find_public_names(ast.parse(source)) == ("App",)


def test_empty_list_of_public_names_is_no_missing_one() -> None:
    assert find_public_names(ast.parse("from a import b as b\n__all__ = []")) == ()


def test_file_without_public_names_has_none() -> None:
    assert find_public_names(ast.parse("x = 1")) is None


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True))
def test_public_names_of_any_list_come_back_in_order(names: list[str]) -> None:
    assert find_public_names(ast.parse(f"__all__ = {names!r}")) == tuple(names)


def test_package_is_read_with_rooms_and_faces(tmp_path: Path) -> None:
    for name in ("__init__.py", "__main__.py", "http/__init__.py", "http/cookies.py"):
        file = tmp_path / "bistro" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")

    modules = read_package(tmp_path / "bistro")

    assert {module.name: (module.room, module.is_face) for module in modules.values()} == {
        "bistro": ("", True),
        "bistro.__main__": ("", False),
        "bistro.http": ("http", True),
        "bistro.http.cookies": ("http", False),
    }


def test_folder_that_python_cannot_import_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "bistro" / "new-site" / "app.py"
    file.parent.mkdir(parents=True)
    file.write_text("this is a template, not Python")
    assert read_package(tmp_path / "bistro") == {}
