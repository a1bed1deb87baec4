from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bistro.cli.static import command
from tests.cli.conftest import Site


@pytest.fixture
def styled(hello: Site) -> Site:
    hello.write("a { background: url(a.svg) }", "static/site.css")
    hello.write("<svg></svg>", "static/a.svg")
    return hello


def collected(site: Site) -> set[str]:
    return {path.name for path in (site.folder / "static-collected").rglob("*") if path.is_file()}


def test_files_are_collected_beside_their_folder_and_listed(styled: Site) -> None:
    result = styled.run("static", "collect")
    assert result.code == 0
    written = {line.removeprefix("written  ") for line in result.out.splitlines()}
    assert len(written) == 2
    assert written <= collected(styled)
    assert "2 files in static-collected, 2 of them new." in result.err


def test_json_says_what_was_done(styled: Site) -> None:
    first = json.loads(styled.run("static", "collect", "--json").out)
    assert (first["files"], len(first["written"]), first["missing"]) == (2, 2, [])
    assert Path(first["folder"]) == styled.folder / "static-collected"
    again = json.loads(styled.run("static", "collect", "--json").out)
    assert (again["written"], again["is_new"]) == ([], False)


def test_files_of_earlier_runs_are_told_and_removed_on_demand(styled: Site) -> None:
    styled.run("static", "collect")
    before = collected(styled)
    styled.write("b {}", "static/site.css")
    result = styled.run("static", "collect")
    assert "--prune" in result.err
    assert before < collected(styled)
    result = styled.run("static", "collect", "--prune")
    assert [line for line in result.out.splitlines() if line.startswith("removed  site-")]
    assert (
        len([name for name in collected(styled) if name.startswith("site-") and name.endswith(".css")]) == 1
    )


def test_check_writes_nothing_and_ends_with_1_where_there_is_something_to_do(styled: Site) -> None:
    result = styled.run("static", "collect", "--check")
    assert (result.code, collected(styled)) == (1, set())
    assert "bistro static collect" in result.err
    styled.run("static", "collect")
    assert styled.run("static", "collect", "--check").code == 0
    assert json.loads(styled.run("static", "collect", "--check", "--json").out)["current"] is True
    styled.write("b {}", "static/site.css")
    assert styled.run("static", "collect", "--check").code == 1


def test_reference_that_leads_nowhere_is_told_with_its_place(styled: Site) -> None:
    styled.write("a {}\nb { background: url(nowhere.png) }", "static/site.css")
    result = styled.run("static", "collect")
    assert result.code == 0
    assert "static/site.css:2: there is no static file nowhere.png" in result.err
    assert styled.run("static", "collect", "--strict").code == 1


def test_another_folder_may_be_named(styled: Site) -> None:
    styled.run("static", "collect", "--to", "build/assets")
    assert (styled.folder / "build" / "assets" / "bistro-static.json").exists()
    assert collected(styled) == set()


@pytest.mark.parametrize("folder", ["static", "static/out"])
def test_a_folder_that_would_be_collected_itself_is_refused(styled: Site, folder: str) -> None:
    result = styled.run("static", "collect", "--to", folder)
    assert result.code == 1
    assert "B705" in result.err
    assert sorted(path.name for path in (styled.folder / "static").iterdir()) == ["a.svg", "site.css"]


def test_app_without_static_files_is_told_how_to_have_some(site: Site) -> None:
    site.write("from bistro import App\napp = App(defaults=False)\n")
    result = site.run("static", "collect")
    assert result.code == 1
    assert "App(Static())" in result.err


def test_two_files_of_one_name_are_told_with_both_places(styled: Site) -> None:
    styled.write("c {}", "widgets/site.css")
    styled.write(
        "from bistro import App\n"
        "class Widgets:\n    requires = ()\n    def install(self, setup):\n        setup.static('widgets')\n"
        "app = App(Widgets())\n"
    )
    result = styled.run("static", "collect")
    assert result.code == 1
    assert "B102" in result.err
    assert "app.py:5" in result.err


def test_misspelt_command_is_wrong_usage_and_told_what_was_meant(styled: Site) -> None:
    result = styled.run("static", "colect")
    assert (result.code, "Did you mean collect?" in result.err) == (2, True)
    assert styled.run("static", "xyzzy").code == 2


@pytest.fixture
def production(styled: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    return styled


def test_check_of_the_site_says_that_nothing_is_collected(production: Site) -> None:
    assert "static.I001" in production.run("check", "--level", "info", "--json").out


def test_check_of_the_site_names_what_is_not_collected(production: Site) -> None:
    production.run("static", "collect", "--to", "static-collected")
    production.write("new", "static/new.txt")
    sys.modules.pop("app")  # each command is a process of its own, elsewhere
    out = production.run("check", "--level", "info", "--json").out
    assert "static.W001" in out
    assert "new.txt" in out


def test_help_has_examples(styled: Site) -> None:
    assert "bistro static collect --prune" in styled.run("static", "--help").out
    assert "bistro static collect --prune" in styled.run("static", "collect", "--help").out
    assert list(command.commands) == ["collect"]
