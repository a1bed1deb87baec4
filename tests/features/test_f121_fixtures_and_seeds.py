"""F121: rows are written to a file and read back, and seeds can be run again and again."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site

SEEDS = """
from app import Note

async def seed_notes():
    await Note.objects.get_or_create(title="Welcome")
"""


def test_f121_rows_go_into_a_file_and_come_back(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str] = field(unique=True)")
    site.run("make")
    site.run("migrate")
    site.sql("insert into note (title) values ('Home'), ('Away');")

    site.run("dump", "--output", "notes.json")
    site.sql("delete from note;")

    assert site.ask("load", "notes.json") == {"note": 2}
    assert site.ask("load", "notes.json") == {"note": 2}
    assert site.sql("select count(*) from note;").strip() == "2"


def test_f121_seeds_can_be_run_twice(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str] = field(unique=True)")
    site.run("make")
    site.run("migrate")
    (tmp_path / "seeds.py").write_text(SEEDS)

    assert "seed_notes" in site.run("seed", "--check")
    site.run("seed")
    site.run("seed")

    assert site.sql("select count(*) from note;").strip() == "1"
