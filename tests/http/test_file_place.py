from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bistro.http import file_place
from bistro.http.file_place import lies_inside

needs_linux = pytest.mark.skipif(
    not file_place._has_open_paths(), reason="only Linux tells the path of what is open"
)
WAYS = [
    pytest.param(
        lambda descriptor, path, folder: file_place._is_open_inside(descriptor, folder), marks=needs_linux
    ),
    file_place._is_named_inside,
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("static/a.txt", "static/deep/b.txt", "static-secret/c.txt", "d.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "static" / "out.txt").symlink_to(tmp_path / "d.txt")
    (tmp_path / "static" / "in.txt").symlink_to(tmp_path / "static" / "a.txt")
    (tmp_path / "static" / "away").symlink_to(tmp_path / "static-secret")
    (tmp_path / "alias").symlink_to(tmp_path / "static")
    return tmp_path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("static/a.txt", "static", True),
        ("static/deep/b.txt", "static", True),
        ("static/deep/../a.txt", "static", True),
        ("static/in.txt", "static", True),
        ("alias/a.txt", "static", True),
        ("static/a.txt", "alias", True),
        ("static/a.txt", "", True),
        ("static/../static-secret/c.txt", "static", False),
        ("static-secret/c.txt", "static", False),
        ("d.txt", "static", False),
        ("static/out.txt", "static", False),
        ("static/away/c.txt", "static", False),
        ("static/a.txt", "static/deep", False),
    ],
)
def test_both_ways_tell_where_a_file_lies(
    site: Path, way: Callable[[int, Path, Path], bool], name: str, folder: str, expected: bool
) -> None:
    descriptor = os.open(site / name, os.O_RDONLY)
    try:
        assert way(descriptor, site / name, site / folder) is expected
        assert lies_inside(descriptor, site / name, site / folder) is expected
    finally:
        os.close(descriptor)


def test_everything_lies_in_the_root(site: Path) -> None:
    with (site / "d.txt").open() as file:
        assert lies_inside(file.fileno(), site / "d.txt", "/")


@pytest.mark.parametrize("way", WAYS)
def test_what_was_opened_is_judged_and_not_what_its_name_leads_to_now(
    site: Path, way: Callable[[int, Path, Path], bool]
) -> None:
    name = site / "static" / "swapped.txt"
    name.symlink_to(site / "d.txt")
    descriptor = os.open(name, os.O_RDONLY)
    try:
        name.unlink()
        name.write_text("harmless")
        assert not way(descriptor, name, site / "static")
    finally:
        os.close(descriptor)


def test_a_folder_that_is_not_there_holds_nothing(site: Path) -> None:
    with (site / "d.txt").open() as file:
        assert not lies_inside(file.fileno(), site / "d.txt", site / "nowhere")
        assert not lies_inside(file.fileno(), site / "d.txt", site / "d.txt")
