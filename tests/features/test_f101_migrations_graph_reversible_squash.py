"""F101: migrations depend on each other, can be reverted, and squashed."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site


def test_f101_migrations_are_reverted_and_squashed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for fields in (["title: Field[str]"], ["title: Field[str]", "views: Field[int] = field(default=0)"]):
        site.write(*fields)
        site.run("make")
    site.run("migrate")

    assert site.ask("revert")["reverted"] == ["0002_add_note_views"]
    assert "views" not in site.sql(".schema note")
    site.run("migrate")
    assert site.ask("squash")["replaces"] == ["0001_first", "0002_add_note_views"]
    assert site.ask("migrate")["applied"] == []

    (tmp_path / "bistro.sqlite3").unlink()
    assert site.ask("migrate")["applied"] == ["0002_squashed"]
    site.run("check", "--live")
