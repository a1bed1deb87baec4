from __future__ import annotations

import csv
import subprocess
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from tools.link_checkout import link

PROJECT = """
[project]
name = "bistro"
version = "0.1.0"
[project.scripts]
bistro = "bistro.cli.main:main"
[project.entry-points.pytest11]
bistro = "bistro.testing.pytest_plugin"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    (folder / "bistro" / "cli").mkdir(parents=True)
    (folder / "bistro" / "__init__.py").write_text("")
    (folder / "bistro" / "cli" / "__init__.py").write_text("")
    (folder / "bistro" / "cli" / "main.py").write_text("")
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def make_link(root: Path) -> Path:
    site, scripts = root.parent / "site", root.parent / "bin"
    site.mkdir(exist_ok=True)
    scripts.mkdir(exist_ok=True)
    link(root, site, scripts)
    return site


def find_distribution(site: Path) -> Distribution:
    (info,) = site.glob("*.dist-info")
    return PathDistribution(info)


def test_checkout_is_on_the_path_of_the_venv(root: Path) -> None:
    site = make_link(root)
    assert (site / "bistro-checkout.pth").read_text() == f"{root}\n"


def test_version_is_known_as_if_installed(root: Path) -> None:
    found = find_distribution(make_link(root))
    assert (found.metadata["Name"], found.version) == ("bistro", "0.1.0")


def test_entry_point_whose_module_is_missing_is_left_out(root: Path) -> None:
    found = find_distribution(make_link(root))
    assert [(each.group, each.value) for each in found.entry_points] == [
        ("console_scripts", "bistro.cli.main:main")
    ]


def test_link_made_twice_leaves_one_version(root: Path) -> None:
    make_link(root)
    (root / "pyproject.toml").write_text(PROJECT.replace("0.1.0", "0.2.0"))
    assert find_distribution(make_link(root)).version == "0.2.0"


def test_record_lists_every_file_so_that_the_next_sync_can_remove_them(root: Path) -> None:
    site = make_link(root)
    (record,) = site.glob("*.dist-info/RECORD")
    listed = {row[0] for row in csv.reader(record.read_text().splitlines())}
    assert listed == {str(file.relative_to(site)) for file in site.rglob("*") if file.is_file()}


def test_launcher_starts_the_package_with_the_python_beside_it(root: Path) -> None:
    make_link(root)
    scripts = root.parent / "bin"
    (scripts / "python").write_text('#!/bin/sh\necho "$@"\n')
    (scripts / "python").chmod(0o755)

    done = subprocess.run([scripts / "bistro", "routes", "a b"], capture_output=True, text=True, check=True)

    assert done.stdout == "-m bistro routes a b\n"
