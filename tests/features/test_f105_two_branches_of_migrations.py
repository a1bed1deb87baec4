"""F105: migrations of two branches are found out and put in a row by a command."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site


def test_f105_two_branches_become_one_row(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    site.write("title: Field[str]", "pinned: Field[bool] = field(default=False)")
    theirs = Path(site.ask("make")["file"])
    text = theirs.read_text()
    theirs.unlink()
    site.write("title: Field[str]", "views: Field[int] = field(default=0)")
    mine = Path(site.ask("make")["file"])
    theirs.write_text(text)

    assert f"bistro db rebase {mine.stem}" in site.run("migrate", code=1)
    assert site.ask("rebase", mine.stem) == [
        {"old": mine.stem, "new": "0003_add_note_views", "after": theirs.stem}
    ]
    assert site.ask("migrate")["applied"] == ["0001_first", theirs.stem, "0003_add_note_views"]
