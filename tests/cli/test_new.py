from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Site
from tests.cli.processes import ROOT, Running, environment, fetch

LAYOUTS = pytest.mark.parametrize("layout", [[], ["--package"]], ids=["file", "package"])


@LAYOUTS
def test_new_site_has_what_it_needs(site: Site, layout: list[str]) -> None:
    result = site.run("new", "my-shop", *layout)
    assert result.code == 0
    written = {str(path.relative_to(site.folder / "my-shop")) for path in files_in(site.folder / "my-shop")}
    assert set(result.out.splitlines()) == written
    assert {"README.md", ".gitignore", ".env.example"} <= written
    assert ("my_shop/app.py" if layout else "app.py") in written
    assert "cd my-shop && bistro run" in result.err


@LAYOUTS
def test_no_word_of_the_scaffold_is_left(site: Site, layout: list[str]) -> None:
    site.run("new", "my-shop", *layout)
    assert [path for path in files_in(site.folder) if "PROJECT" in path.read_text()] == []


@pytest.mark.slow
@LAYOUTS
def test_tests_of_the_new_site_pass(site: Site, layout: list[str]) -> None:
    site.run("new", "my-shop", *layout)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    ended = subprocess.run(
        command, cwd=site.folder / "my-shop", env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


@pytest.mark.slow
@LAYOUTS
def test_new_site_runs_at_once(site: Site, layout: list[str]) -> None:
    site.run("new", "my-shop", *layout)
    with Running(["run", "--port", "0"], site.folder / "my-shop") as running:
        status, body = fetch(running.wait_until_serving())
    assert status == 200
    assert "It works" in body


@pytest.mark.slow
@pytest.mark.one_python
@LAYOUTS
def test_new_site_passes_the_strictest_checks(site: Site, layout: list[str]) -> None:
    site.run("new", "my-shop", *layout)
    folder = site.folder / "my-shop"
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    for command in (
        ["basedpyright", "--pythonpath", sys.executable],
        ["mypy", "--strict", "--explicit-package-bases", "--cache-dir", "/dev/null", "."],
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
    ):
        ended = subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:]],
            cwd=folder,
            env={**environment(), "MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_check_finds_nothing_in_the_new_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run("new", "my-shop")
    monkeypatch.chdir(site.folder / "my-shop")
    assert site.run("check", "--level", "info").code == 0


def test_files_that_are_there_are_kept(site: Site) -> None:
    site.write("mine", "shop/README.md")
    result = site.run("new", "shop")
    assert result.code == 1
    assert "README.md" in result.err
    assert "--force" in result.err
    assert [path.name for path in files_in(site.folder)] == ["README.md"]
    assert (site.folder / "shop/README.md").read_text() == "mine"


def test_force_overwrites_them(site: Site) -> None:
    site.write("mine", "shop/README.md")
    assert site.run("new", "shop", "--force").code == 0
    assert (site.folder / "shop/README.md").read_text() != "mine"


def test_point_means_this_folder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.folder / "shop").mkdir()
    monkeypatch.chdir(site.folder / "shop")
    assert site.run("new", ".").err == "Made. Next: bistro run\n"
    assert (site.folder / "shop" / "app.py").exists()


@pytest.mark.parametrize("name", ["1shop", "a b", "class", "json", "bistro", "sh'op", "-", "a/../é"])
def test_name_that_can_be_no_package_is_refused(site: Site, name: str) -> None:
    result = site.run("new", "--", name)
    assert result.code == 1
    assert files_in(site.folder) == []


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
