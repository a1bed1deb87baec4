"""F100: migrations are generated from the difference between the models and the migrations so far."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site


def test_f100_a_changed_model_is_one_command_from_its_migration(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str] = field(max_length=40)")
    assert site.ask("make")["operations"] == ["create the table note"]

    site.write("title: Field[str] = field(max_length=40)", "pinned: Field[bool] = field(default=False)")
    made = site.ask("make")

    assert made["name"] == "0002_add_note_pinned"
    assert 'AddColumn("note", Column("pinned", "bool"), fill=False)' in Path(made["file"]).read_text()
    assert site.ask("make")["file"] is None
    assert not (tmp_path / "bistro.sqlite3").exists()


def test_f100_a_renamed_field_keeps_its_values(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    site.run("migrate")
    site.sql("insert into note (title) values ('Home');")

    site.write("heading: Field[str]")
    site.run("make", "--rename", "note.title=heading")
    site.run("migrate")

    assert "Home" in site.sql("select heading from note;")
