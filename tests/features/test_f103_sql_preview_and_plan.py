"""F103: what a migration will do is shown before it does it."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site


def test_f103_plan_and_sql_are_shown_and_nothing_is_done(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str] = field(unique=True)")
    site.run("make")

    assert "create the table note" in site.run("migrate", "--plan")
    sql = site.run("migrate", "--sql")
    assert "CREATE TABLE note" in sql
    assert "uq_note_title UNIQUE (title)" in sql
    assert site.ask("status")["migrations"][0]["standing"] == "pending"
