"""F104: migrations lock as little as they can, and lint finds what would lock for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.features.migration_support import Site


def test_f104_lint_finds_what_stops_a_site(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]", "views: Field[int] = field(bits=32)")
    site.run("make")
    site.write("title: Field[str]", "views: Field[int]")
    site.run("make")

    (hazard,) = site.ask("lint", code=1)

    assert hazard["lock"] == "ACCESS EXCLUSIVE"
    assert "written anew" in hazard["what"]


@pytest.mark.service
def test_f104_an_index_is_built_while_others_write(tmp_path: Path, postgres_url: str) -> None:  # noqa: F811 - a fixture
    site = Site(tmp_path, postgres_url)
    site.write("title: Field[str]")
    site.run("make")
    site.run("migrate")
    site.write("title: Field[str] = field(index=True)")
    site.run("make")

    (plan,) = site.ask("migrate", "--plan")
    site.run("migrate")

    assert [(step["how"], step["lock"]) for step in plan["steps"]] == [("alone", "SHARE UPDATE EXCLUSIVE")]
    assert "CONCURRENTLY" in plan["steps"][0]["sql"]
    site.run("check", "--live")
