"""F102: a function of a migration gets the models as they were at that point."""

from __future__ import annotations

from pathlib import Path

from tests.features.migration_support import Site

SLUGS = """
from bistro.migrations import Migration, RunPython

async def fill(models):
    for note in await models.note.objects.all():
        note.slug = note.title.lower()
        await note.save()

migration = Migration([RunPython(fill, undo=RunPython.nothing)], after=("0002_add_note_slug",))
"""


def test_f102_a_function_uses_a_field_that_is_gone_by_now(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    site.run("migrate")
    site.sql("insert into note (title) values ('Home');")

    site.write("title: Field[str]", 'slug: Field[str] = field(default="")')
    site.run("make")
    (site.migrations / "0003_fill_slugs.py").write_text(SLUGS)
    site.write('slug: Field[str] = field(default="")')
    site.run("make")
    site.run("migrate")

    assert "home" in site.sql("select slug from note;")
    assert "title" not in site.sql(".schema note")
