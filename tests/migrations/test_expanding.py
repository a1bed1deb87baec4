"""Expand and contract: two columns that are kept alike while old and new code run side by side."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bistro.db import Database, Field, Model, auto, field
from bistro.migrations import DropColumn, Fill, LinkColumns, MigrationError, MigrationFileError, UnlinkColumns
from bistro.migrations.catalog import describe_state, find_drift
from bistro.migrations.lint import find_hazards
from bistro.migrations.making import make_migration
from tests.migrations.support import Folder, fresh, real


class Old:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, unique=True)


class New:
    class Note(Model):
        id: Field[int] = auto()
        heading: Field[str] = field(max_length=40, unique=True)


class OldDay:
    class Note(Model):
        id: Field[int] = auto()
        moment: Field[datetime]


class NewDay:
    class Note(Model):
        id: Field[int] = auto()
        moment: Field[date] = field(column="day")


def make(folder: Folder, *models: type[Model], **options: Any) -> str:
    graph = folder.graph(*models)
    made = make_migration(graph, graph.packages[0], ask=lambda _: False, **options)
    if made is None:
        return ""
    made.write()
    return made.file.stem


async def expand(folder: Folder, database: Database, *, text: str = "note.title=heading") -> None:
    """One row of old code, and then both columns."""
    is_day = text.endswith("day")
    old, new = (OldDay.Note, NewDay.Note) if is_day else (Old.Note, New.Note)
    make(folder, old)
    await folder.migrator(database).migrate()
    if is_day:
        await OldDay.Note.objects.create(moment=datetime(2026, 1, 31, 8, 30, tzinfo=UTC))
    else:
        await Old.Note.objects.create(title="first")
    make(folder, new, expand=[text])
    await folder.migrator(database).migrate()


async def pairs(database: Database) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await database.fetch("select title, heading from note order by id")]


async def test_old_code_and_new_code_see_what_the_other_writes(folder: Folder, database: Database):
    await expand(folder, database)

    await Old.Note.objects.create(title="old")
    await New.Note.objects.create(heading="new")
    assert await pairs(database) == [("first", "first"), ("old", "old"), ("new", "new")]

    await Old.Note.objects.filter(Old.Note.title == "new").update(title="by old")
    await New.Note.objects.filter(New.Note.heading == "old").update(heading="by new")
    assert await pairs(database) == [("first", "first"), ("by new", "by new"), ("by old", "by old")]


async def test_both_columns_have_their_rules(folder: Folder, database: Database):
    from bistro.db import IntegrityError

    await expand(folder, database)

    for create in (Old.Note.objects.create(title="first"), New.Note.objects.create(heading="first")):
        with pytest.raises(IntegrityError):
            await create


async def test_nothing_more_is_asked_for_until_the_old_column_shall_go(folder: Folder, database: Database):
    await expand(folder, database)
    assert make(folder, New.Note) == ""

    name = make(folder, New.Note, contract=True)
    assert name == "0003_contract_note_title_heading"
    await folder.migrator(database).migrate()

    assert find_drift(await fresh(database, New.Note), await real(database)) == []
    assert [row[0] for row in await database.fetch("select heading from note")] == ["first"]
    assert make(folder, New.Note) == ""
    await New.Note.objects.create(heading="no trigger is left")


async def test_all_of_it_can_be_reverted(folder: Folder, database: Database):
    await expand(folder, database)
    make(folder, New.Note, contract=True)
    await folder.migrator(database).migrate()

    await folder.migrator(database).revert()
    await New.Note.objects.create(heading="new")
    assert (await pairs(database))[1] == ("new", "new")
    await folder.migrator(database).revert()

    assert find_drift(await fresh(database, Old.Note), await real(database)) == []
    assert [each.title for each in await Old.Note.objects.filter(title="new")] == ["new"]


async def test_kind_changes_without_what_is_lost_on_the_way_being_lost_in_the_old_column(
    folder: Folder, database: Database
):
    await expand(folder, database, text="note.moment=day")
    await NewDay.Note.objects.create(moment=date(2026, 2, 1))
    await OldDay.Note.objects.create(moment=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))

    assert [each.moment for each in await OldDay.Note.objects.order_by("id")] == [
        datetime(2026, 1, 31, 8, 30, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
    ]
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 1)]
    assert [each.moment for each in await NewDay.Note.objects.order_by("id")] == days


async def test_link_that_somebody_took_away_is_shown(folder: Folder, database: Database):
    await expand(folder, database)
    expected = await describe_state(folder.graph().state, database)
    assert find_drift(expected, await real(database)) == []

    name = "bistro_link_note_title_heading"
    sql = (
        f"drop trigger {name} on note" if database.dialect == "postgresql" else f"drop trigger {name}_update"
    )
    await database.execute(sql)

    (drift,) = find_drift(expected, await real(database))
    assert drift.startswith(f"missing: link {name}")


async def test_table_that_is_made_anew_meanwhile_keeps_its_link(folder: Folder, database: Database):
    class Note(Model):
        id: Field[int] = auto()
        heading: Field[str] = field(max_length=80, unique=True)
        pinned: Field[bool | None] = field(default=None)

    await expand(folder, database)
    make(folder, Note)
    await folder.migrator(database).migrate()

    await New.Note.objects.create(heading="new")

    assert (await pairs(database))[1] == ("new", "new")


def test_expand_links_before_it_fills_and_contract_drops_at_the_end(folder: Folder):
    make(folder, Old.Note)
    make(folder, New.Note, expand=["note.title=heading"])
    make(folder, New.Note, contract=True)

    expand, contract = folder.graph().placed[1:]
    kinds = [type(each) for each in expand.loaded.migration.operations]
    assert kinds.index(LinkColumns) + 1 == kinds.index(Fill)
    kinds = [type(each) for each in contract.loaded.migration.operations]
    assert (kinds[0], kinds[-1]) == (UnlinkColumns, DropColumn)
    assert [*find_hazards(expand), *find_hazards(contract)] == []


def test_squash_of_an_open_link_keeps_it(folder: Folder):
    from bistro.migrations.squashing import squash

    make(folder, Old.Note)
    make(folder, New.Note, expand=["note.title=heading"])
    graph = folder.graph()

    made = squash(graph, graph.packages[0])

    assert any(isinstance(each, LinkColumns) for each in made.migration.operations)


def test_linked_column_is_neither_renamed_nor_dropped(folder: Folder):
    make(folder, Old.Note)
    make(folder, New.Note, expand=["note.title=heading"])

    class Note(Model):
        id: Field[int] = auto()
        name: Field[str] = field(max_length=40, unique=True)

    with pytest.raises(MigrationFileError, match="--contract"):
        make(folder, Note, renames=["note.heading=name"])


@pytest.mark.parametrize(
    ("text", "what"),
    [("note=memo", "no model has the table memo"), ("note.title=name", "no model has the column note.name")],
)
def test_what_can_not_be_expanded_is_told(folder: Folder, text: str, what: str):
    make(folder, Old.Note)

    with pytest.raises(MigrationError, match=what):
        make(folder, New.Note, expand=[text])


def test_kinds_that_convert_one_way_only_are_refused(folder: Folder):
    class Before:
        class Note(Model):
            id: Field[int] = auto()
            data: Field[str]

    class Note(Model):
        id: Field[int] = auto()
        data: Field[dict[str, int]] = field(column="content")

    make(folder, Before.Note)

    with pytest.raises(MigrationFileError, match="both ways"):
        make(folder, Note, expand=["note.data=content"])
