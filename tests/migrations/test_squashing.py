"""Many migrations as one."""

from __future__ import annotations

import pytest

from bistro.db import Database, Field, ForeignKey, Model, auto, field
from bistro.migrations import HistoryError, MigrationError, RunSQL
from bistro.migrations.squashing import squash
from tests.migrations.support import Folder, fresh, real


class Note(Model):
    id: Field[int] = auto()
    title: Field[str] = field(default="")


class Tag(Model):
    id: Field[int] = auto()
    note: ForeignKey[Note]


class Old:
    class Note(Model):
        id: Field[int] = auto()


def fill(folder: Folder) -> None:
    folder.make(Old.Note)
    folder.make(Note)
    folder.make(Note, Tag)


def write_squashed(folder: Folder, name: str = "", **options: bool) -> str:
    graph = folder.graph()
    made = squash(graph, graph.packages[0], name, **options)
    made.write()
    return made.file.stem


async def test_new_database_gets_the_same_tables_by_one_migration(folder: Folder, database: Database):
    fill(folder)

    name = write_squashed(folder)

    assert await folder.migrator(database).migrate() == [name]
    assert await real(database) == await fresh(database, Note, Tag)
    assert folder.make(Note, Tag) == ""


async def test_database_that_has_all_of_them_counts_as_having_it(folder: Folder, database: Database):
    fill(folder)
    await folder.migrator(database).migrate()
    old = sorted(folder.path.glob("*.py"))

    name = write_squashed(folder)
    assert await folder.migrator(database).migrate() == []
    for file in old:
        file.unlink()

    assert await folder.migrator(database).migrate() == []
    assert [each.standing for each in await folder.migrator(database).list_standings()] == ["applied"]
    assert await folder.migrator(database).revert() == [name]
    assert await real(database) == {}


async def test_database_that_has_some_of_them_is_told_to_catch_up_first(folder: Folder, database: Database):
    fill(folder)
    await folder.migrator(database).migrate("0001")
    write_squashed(folder)

    with pytest.raises(HistoryError, match="stands for 3 others; 1 are applied"):
        await folder.migrator(database).migrate()


async def test_migrations_behind_it_go_on_from_it(folder: Folder, database: Database):
    fill(folder)

    name = write_squashed(folder, "0002")

    done = await folder.migrator(database).migrate()
    assert done == [name, "0003_create_tag"]


def test_work_by_hand_is_only_left_out_when_that_is_said(folder: Folder):
    fill(folder)
    folder.add(RunSQL("select 1"), name="by_hand")

    with pytest.raises(MigrationError, match="0004_by_hand run SQL or Python"):
        write_squashed(folder)
    assert write_squashed(folder, without_custom=True) == "0004_squashed"


def test_one_migration_is_no_squash(folder: Folder):
    folder.make(Note)

    with pytest.raises(MigrationError, match="no two migrations"):
        write_squashed(folder)
