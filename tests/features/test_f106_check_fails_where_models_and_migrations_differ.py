"""F106: `bistro db check` ends with 1 when models and migrations differ."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site


def test_f106_check_ends_with_1_until_the_migration_is_made(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")

    assert "create the table note" in site.run("check", code=1)
    site.run("make")
    site.run("check")


def test_f106_check_live_ends_with_1_where_the_database_was_changed_by_hand(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    site.run("migrate")
    site.run("check", "--live")

    site.sql("drop table note;")

    assert "missing: table note" in site.run("check", "--live", code=1)
