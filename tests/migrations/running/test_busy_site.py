"""Migrating PostgreSQL while a site goes on writing, and after a process that was killed."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from bistro.db import Database, DatabaseOptions
from bistro.db.transactions import transaction
from bistro.migrations import (
    SQL,
    AddColumn,
    AddRule,
    ChangeColumn,
    Check,
    Column,
    CreateTable,
    Fill,
    ForeignKey,
    Index,
    LinkColumns,
    Migrator,
    Patience,
    PrimaryKey,
    RenameRule,
    Table,
    Unique,
    UnlinkColumns,
)
from tests.migrations.support import IMPATIENT, Folder, real

pytestmark = [pytest.mark.service, pytest.mark.slow]
ROWS = 20_000
WRITERS = 50
WAIT_SECONDS_MAX = 3.0
FIRST = CreateTable(
    Table(
        "note",
        columns=(
            Column("id", "integer", default="auto"),
            Column("title", "text"),
            Column("day", "text", nullable=True),
            Column("parent_id", "integer", nullable=True),
        ),
        constraints=(PrimaryKey("pk_note", ("id",)),),
    )
)
CHANGES = (
    AddColumn("note", Column("slug", "text"), fill=SQL("lower(title)")),
    ChangeColumn("note", Column("day", "text"), fill="today"),
    AddRule("note", Index("ix_note_title", ("title",))),
    AddRule("note", Unique("uq_note_slug_id", ("slug", "id"))),
    AddRule("note", Check("ck_note_title", "title <> ''")),
    AddRule("note", ForeignKey("fk_note_parent_id", ("parent_id",), "note", ("id",), on_delete="cascade")),
    RenameRule("note", "ix_note_title", "ix_title"),
)


async def prepare(folder: Folder, database: Database) -> None:
    folder.add(FIRST, name="first")
    await folder.migrator(database).migrate()
    await database.execute(
        "insert into note (title, parent_id) select 'Note ' || n, 1 from generate_series(1, $1::int) n",
        (ROWS,),
    )
    folder.add(*CHANGES, name="changes")


async def write(database: Database, done: asyncio.Event, numbers: itertools.count[int]) -> int:
    """Write until `done`; the server itself ends a statement that waits for a lock for too long."""
    count = 0
    while not done.is_set():
        number = next(numbers) % ROWS + 1
        await database.execute("update note set title = title || '!' where id = $1", (number,))
        count += 1
    return count


async def test_no_statement_of_50_writers_waits_over_3_seconds(folder: Folder, postgres: Database):
    options = DatabaseOptions(connections_max=WRITERS, wait_seconds_max=WAIT_SECONDS_MAX)
    async with postgres, Database(postgres.url, options=options) as site:
        await prepare(folder, postgres)
        done, numbers = asyncio.Event(), itertools.count()
        writers = [asyncio.create_task(write(site, done, numbers)) for _ in range(WRITERS)]

        await Migrator(postgres, folder.graph(), patience=Patience(pause_seconds=0.1)).migrate()

        done.set()
        assert sum(await asyncio.gather(*writers)) > WRITERS
        rows = await postgres.fetch("select count(*) from note where slug is null or day is null")
        assert rows[0][0] == 0


async def test_rows_that_old_code_adds_meanwhile_are_in_the_new_column_too(
    folder: Folder, postgres: Database
):
    options = DatabaseOptions(connections_max=WRITERS, wait_seconds_max=WAIT_SECONDS_MAX)
    async with postgres, Database(postgres.url, options=options) as site:
        await prepare(folder, postgres)
        await folder.migrator(postgres).migrate()
        heading = Column("heading", "text", nullable=True)
        folder.add(
            ChangeColumn("note", Column("title", "text", nullable=True)),
            AddColumn("note", heading),
            LinkColumns("note", "title", "heading"),
            Fill("note", "heading", SQL("title"), where="heading IS NULL AND title IS NOT NULL"),
            AddRule("note", Index("ix_note_heading", ("heading",))),
            name="expand",
        )
        folder.add(
            UnlinkColumns("note", "title", "heading"),
            ChangeColumn("note", Column("heading", "text"), fill=SQL("title")),
            name="unlink",
        )
        done, numbers = asyncio.Event(), itertools.count()
        writers = [asyncio.create_task(write(site, done, numbers)) for _ in range(WRITERS)]

        await Migrator(postgres, folder.graph(), patience=Patience(pause_seconds=0.1)).migrate("0003")

        done.set()
        assert sum(await asyncio.gather(*writers)) > WRITERS
        different = await postgres.fetch("select count(*) from note where heading is distinct from title")
        assert different[0][0] == 0
        await folder.migrator(postgres).migrate()


async def test_step_that_gets_no_lock_lets_others_pass_and_tries_again(folder: Folder, postgres: Database):
    async with postgres, Database(postgres.url) as other:
        await prepare(folder, postgres)
        has_lock, told = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transaction(using=other):
                await other.execute("update note set title = 'held' where id = 1")
                has_lock.set()
                await told.wait()

        holding = asyncio.create_task(hold())
        await has_lock.wait()
        migrating = asyncio.create_task(
            Migrator(postgres, folder.graph(), patience=Patience(0.05, 1000, 0.01)).migrate()
        )
        async with Database(postgres.url) as third:
            # Others write while it tries: their statements would wait behind one that is patient.
            for number in range(2, 30):
                await third.execute("update note set title = 'third' where id = $1", (number,))
        assert not migrating.done()
        told.set()
        await holding
        assert await migrating == ["0002_changes"]


async def test_lock_that_never_comes_fails_and_leaves_everything_as_it_was(
    folder: Folder, postgres: Database
):
    async with postgres, Database(postgres.url) as other:
        await prepare(folder, postgres)
        before = await real(postgres)
        async with transaction(using=other):
            await other.execute("lock table note in share mode")
            with pytest.raises(Exception, match="0002_changes failed"):
                await folder.migrator(postgres).migrate()
        assert await real(postgres) == before


@pytest.mark.parametrize("seconds", [0.02, 0.2, 0.5])
async def test_process_that_was_killed_is_taken_up_where_it_was(
    folder: Folder, postgres: Database, seconds: float
):
    async with postgres:
        await prepare(folder, postgres)
        async with Database(postgres.url) as doomed:
            killed = asyncio.create_task(Migrator(doomed, folder.graph(), patience=IMPATIENT).migrate())
            await asyncio.wait([killed], timeout=seconds)
            killed.cancel()
            await asyncio.wait([killed])

        done = await Migrator(postgres, folder.graph()).migrate()

        assert done == ["0002_changes"] or not killed.cancelled()
        standing = (await folder.migrator(postgres).list_standings())[-1].standing
        assert standing == "applied"
        # All of it is there, and none of the means.
        await folder.migrator(postgres).revert()
        columns = [each for each in await real(postgres) if each.startswith("column")]
        assert len(columns) == 4


async def test_schema_after_the_changes_is_the_one_that_the_state_asks_for(
    folder: Folder, postgres: Database
):
    from bistro.migrations.catalog import describe_state, find_drift

    async with postgres:
        await prepare(folder, postgres)
        await folder.migrator(postgres).migrate()
        graph = folder.graph()

        assert find_drift(await describe_state(graph.state, postgres), await real(postgres)) == []
