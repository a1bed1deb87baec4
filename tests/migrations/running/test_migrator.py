"""`Migrator` on both databases: forwards, back, half-way, edited, missing, two at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bistro.db import CheckViolation, Database, Field, ForeignKey, Model, auto, field, generated
from bistro.migrations import (
    SQL,
    AddColumn,
    AddRule,
    ChangeColumn,
    Check,
    Column,
    CreateTable,
    DropColumn,
    DropTable,
    Fill,
    HistoryError,
    Index,
    MigrationError,
    MigrationFailed,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    RunSQL,
    Table,
    UnsafeMigration,
)
from bistro.migrations.catalog import describe_state, find_drift
from tests.migrations.support import Folder, fresh, real

NOTE = CreateTable(
    Table(
        "note",
        columns=(Column("id", "integer", default="auto"), Column("title", "text")),
        constraints=(PrimaryKey("pk_note", ("id",)),),
    )
)
BROKEN = RunSQL("insert into nowhere values (1)", undo="select 1")


async def standings(folder: Folder, database: Database) -> dict[str, str]:
    return {each.name: each.standing for each in await folder.migrator(database).list_standings()}


async def add_notes(database: Database, *titles: str) -> None:
    for title in titles:
        await database.execute(f"insert into note (title) values ('{title}')")


async def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await database.fetch(sql)]


async def test_migrations_are_applied_once_and_in_order(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.add(AddColumn("note", Column("pinned", "bool"), fill=False), name="pins")

    done = await folder.migrator(database).migrate()

    assert done == ["0001_first", "0002_pins"]
    assert await folder.migrator(database).migrate() == []
    assert await standings(folder, database) == {"0001_first": "applied", "0002_pins": "applied"}


async def test_a_name_or_its_beginning_is_how_far_to_go(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.add(DropTable("note"), name="last")

    assert await folder.migrator(database).migrate("0001") == ["0001_first"]
    with pytest.raises(MigrationError, match=r"0001_frist(.|\n)*Did you mean 0001_first"):
        await folder.migrator(database).migrate("0001_frist")


async def test_rows_are_kept_filled_and_converted(folder: Folder, database: Database):
    folder.add(NOTE)
    await folder.migrator(database).migrate()
    await add_notes(database, "12", "7")
    folder.add(
        RenameTable("note", "memo"),
        RenameColumn("memo", "title", "number"),
        ChangeColumn("memo", Column("number", "integer")),
        AddColumn("memo", Column("double", "integer"), fill=SQL("number * 2")),
        AddColumn("memo", Column("mark", "text", nullable=True)),
    )

    await folder.migrator(database).migrate()

    assert await rows(database, "select number, double, mark from memo order by id") == [
        (12, 24, None),
        (7, 14, None),
    ]


async def test_conditions_work_on_when_a_column_is_renamed_to_a_word_of_sql(
    folder: Folder, database: Database
):
    folder.add(
        NOTE,
        AddRule("note", Check("ck_note_title", "title <> ''")),
        AddRule("note", Index("ix_note_title", ("title",), where="title > 'a'")),
        RenameColumn("note", "title", "order"),
    )
    # SQLite writes the table anew for this, with all its conditions.
    folder.add(ChangeColumn("note", Column("order", "text", nullable=True)))

    await folder.migrator(database).migrate()

    expected = await describe_state(folder.graph().state, database)
    assert find_drift(expected, await real(database)) == []
    with pytest.raises(CheckViolation, match="ck_note_title"):
        await database.execute("insert into note (\"order\") values ('')")


async def test_revert_undoes_the_last_one_or_one_and_all_after_it(folder: Folder, database: Database):
    folder.add(NOTE, name="one")
    folder.add(AddColumn("note", Column("pinned", "bool"), fill=False), name="two")
    folder.add(AddRule("note", Index("ix_note_title", ("title",))), name="three")
    await folder.migrator(database).migrate()

    assert await folder.migrator(database).revert() == ["0003_three"]
    assert await folder.migrator(database).revert("0001_one") == ["0002_two", "0001_one"]
    assert await real(database) == {}
    with pytest.raises(MigrationError, match="0001_one is not applied"):
        await folder.migrator(database).revert("0001_one")


async def test_failure_half_way_leaves_everything_as_it_was_and_names_the_step(
    folder: Folder, database: Database
):
    folder.add(NOTE)
    await folder.migrator(database).migrate()
    await add_notes(database, "Home")
    before = await real(database)
    folder.add(
        AddColumn("note", Column("pinned", "bool"), fill=False),
        AddRule("note", Index("ix_note_title", ("title",))),
        BROKEN,
        name="breaks",
    )

    with pytest.raises(MigrationFailed, match=r"0002_breaks failed at step 3 .run SQL: insert into nowhere"):
        await folder.migrator(database).migrate()

    assert await real(database) == before
    assert (await standings(folder, database))["0002_breaks"] == "pending"
    assert await rows(database, "select title from note") == [("Home",)]


async def test_condition_that_rows_break_leaves_nothing_behind(folder: Folder, database: Database):
    folder.add(NOTE)
    await folder.migrator(database).migrate()
    await add_notes(database, "")
    before = await real(database)
    folder.add(
        AddColumn("note", Column("pinned", "bool"), fill=False),
        AddRule("note", Check("ck_note_title", "title <> ''")),
    )

    with pytest.raises(MigrationFailed, match="ck_note_title"):
        await folder.migrator(database).migrate()

    assert await real(database) == before


async def test_required_column_without_a_value_fails_only_where_there_are_rows(
    folder: Folder, database: Database
):
    folder.add(NOTE)
    await folder.migrator(database).migrate()
    await add_notes(database, "Home")
    folder.add(AddColumn("note", Column("slug", "text")))

    with pytest.raises(MigrationFailed, match="slug"):
        await folder.migrator(database).migrate()
    await database.execute("delete from note")
    assert await folder.migrator(database).migrate() == ["0002_by_hand"]


async def test_edited_migration_is_noticed_and_can_be_accepted(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    await folder.migrator(database).migrate()
    file = folder.path / "0001_first.py"
    text = file.read_text()

    file.write_text(text.replace("\n\nmigration", "\n\n\n\n# Only laid out otherwise.\nmigration"))
    assert (await standings(folder, database))["0001_first"] == "applied"
    file.write_text(text.replace('"title", "text"', '"title", "text", nullable=True'))

    assert (await standings(folder, database))["0001_first"] == "edited"
    with pytest.raises(HistoryError, match="0001_first was edited after it was applied"):
        await folder.migrator(database).migrate()
    await folder.migrator(database).accept("0001_first")
    assert await folder.migrator(database).migrate() == []


async def test_missing_migration_is_noticed(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.add(BROKEN, name="second")
    await folder.migrator(database).migrate("0001_first")
    (folder.path / "0001_first.py").unlink()
    (folder.path / "0002_second.py").unlink()

    assert await standings(folder, database) == {"0001_first": "missing"}
    with pytest.raises(HistoryError, match="no such file any more"):
        await folder.migrator(database).migrate()


async def test_fake_notes_them_without_running_them(folder: Folder, database: Database):
    folder.add(NOTE, name="first")

    await folder.migrator(database).migrate(fake=True)

    assert await standings(folder, database) == {"0001_first": "applied"}
    assert await real(database) == {}


async def test_two_that_migrate_at_once_apply_each_one_once(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    for number in range(5):
        folder.add(AddColumn("note", Column(f"c{number}", "integer"), fill=number))
    other = Database(database.url)

    async with other:
        done = await asyncio.gather(
            *(asyncio.create_task(_migrate(folder, each)) for each in (database, other))
        )

    assert sorted(done[0] + done[1]) == sorted(folder.graph().by_name)
    assert set(await standings(folder, database)) == set(folder.graph().by_name)


async def _migrate(folder: Folder, database: Database) -> list[str]:
    return await folder.migrator(database).migrate()


async def test_function_gets_the_models_as_they_were_then(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.write(
        "0002_shout",
        """
from bistro.migrations import DropColumn, Migration, RunPython

async def shout(models):
    for note in await models.note.objects.order_by(models.note.id).all():
        note.title = note.title.upper()
        await note.save()

migration = Migration([RunPython(shout, undo=RunPython.nothing)], after=("0001_first",))
""",
    )
    folder.add(RenameColumn("note", "title", "heading"), name="rename")
    await folder.migrator(database).migrate("0001")
    await add_notes(database, "home", "away")

    await folder.migrator(database).migrate()

    assert await rows(database, "select heading from note order by id") == [("HOME",), ("AWAY",)]
    await folder.migrator(database).revert("0002_shout")


async def test_plain_function_may_wait_for_the_database_with_sync(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.write(
        "0002_seed",
        """
from bistro.db import sync
from bistro.migrations import Migration, RunPython

def seed(models):
    sync(models.note.objects.create(title="Welcome"))

migration = Migration([RunPython(seed)], after=("0001_first",))
""",
    )

    await folder.migrator(database).migrate()

    assert await rows(database, "select title from note") == [("Welcome",)]
    with pytest.raises(MigrationError, match="0002_seed can't be reverted"):
        await folder.migrator(database).revert()


async def test_function_that_fails_undoes_its_own_work(folder: Folder, database: Database):
    folder.add(NOTE, name="first")
    folder.write(
        "0002_fails",
        """
from bistro.migrations import Migration, RunPython

async def fail(models):
    await models.note.objects.create(title="Welcome")
    raise LookupError("no such thing")

migration = Migration([RunPython(fail)], after=("0001_first",))
""",
    )

    with pytest.raises(MigrationFailed, match=r"step 1 .call fail.: LookupError: no such thing"):
        await folder.migrator(database).migrate()

    assert await rows(database, "select title from note") == []
    assert (await standings(folder, database))["0002_fails"] == "pending"


async def test_fill_sets_what_its_condition_describes(folder: Folder, database: Database):
    folder.add(NOTE, AddColumn("note", Column("slug", "text", nullable=True)), name="first")
    await folder.migrator(database).migrate()
    await add_notes(database, *(f"Note {number}" for number in range(300)))
    folder.add(Fill("note", "slug", SQL("lower(title)"), where="slug IS NULL", rows_per_batch=100))

    await folder.migrator(database).migrate()

    assert await rows(database, "select count(*) from note where slug = lower(title)") == [(300,)]


async def test_sqlite_refuses_to_leave_a_reference_to_nothing(folder: Folder, sqlite_url: str):
    folder.add(NOTE, CreateTable(Table("tag", (Column("id", "integer"), Column("note_id", "integer")),
                                       (PrimaryKey("pk_tag", ("id",)),))), name="first")  # fmt: skip
    from bistro.migrations import ForeignKey as Key

    async with Database(sqlite_url) as database:
        await folder.migrator(database).migrate()
        await database.execute("insert into tag values (1, 99)")
        folder.add(AddRule("tag", Key("fk_tag_note_id", ("note_id",), "note", ("id",))))

        with pytest.raises(MigrationFailed, match="1 rows would refer to nothing; the first is row 1 of tag"):
            await folder.migrator(database).migrate()

        assert "REFERENCES" not in str(await real(database))
        with pytest.raises(Exception, match="FOREIGN KEY"):
            folder.path.joinpath("0002_by_hand.py").unlink()
            await database.execute(
                "create table child (id integer primary key, n integer references note (id))"
            )
            await database.execute("insert into child values (1, 99)")


async def test_sqlite_keeps_triggers_views_and_numbers_that_were_given(folder: Folder, sqlite_url: str):
    folder.add(NOTE, name="first")
    async with Database(sqlite_url) as database:
        await folder.migrator(database).migrate()
        await add_notes(database, "one", "two", "three")
        await database.execute("delete from note where id = 3")
        await database.execute("create table log (title text) strict")
        await database.execute(
            "create trigger note_log after insert on note begin insert into log values (new.title); end"
        )
        await database.execute("create view titles as select title from note")
        folder.add(AddColumn("note", Column("pinned", "bool"), fill=False))

        await folder.migrator(database).migrate()
        await database.execute("insert into note (title, pinned) values ('four', 1)")

        assert await rows(database, "select id from note order by id") == [(1,), (2,), (4,)]
        assert await rows(database, "select title from log") == [("four",)]
        assert await rows(database, "select count(*) from titles") == [(3,)]


async def test_references_of_other_tables_follow_a_table_that_is_made_anew(
    folder: Folder, database: Database
):
    class Author(Model):
        id: Field[int] = auto()
        name: Field[str]

    class Book(Model):
        id: Field[int] = auto()
        author: ForeignKey[Author]

    class Writer(Model):
        id: Field[int] = auto()
        name: Field[str] = field(max_length=50)
        born: Field[datetime] = field(default=datetime(1900, 1, 1, tzinfo=UTC))

    class New:
        class Book(Model):
            id: Field[int] = auto()
            author: ForeignKey[Writer]

    folder.make(Author, Book)
    await folder.migrator(database).migrate()
    await database.execute("insert into author (name) values ('Ann')")
    await database.execute("insert into book (author_id) values (1)")
    folder.make(Writer, New.Book, renames=["author=writer"])

    await folder.migrator(database).migrate()

    assert await rows(database, "select name from writer join book on writer.id = author_id") == [("Ann",)]
    await database.execute("delete from writer")
    assert await rows(database, "select count(*) from book") == [(0,)]


@pytest.mark.service
async def test_what_can_not_be_undone_may_not_stand_before_a_step_outside_of_the_transaction(
    folder: Folder, postgres_url: str
):
    folder.add(NOTE, name="first")
    folder.add(
        DropColumn("note", "title"),
        AddColumn("note", Column("slug", "text"), fill=""),
        AddRule("note", Index("ix_note_slug", ("slug",))),
    )

    async with Database(postgres_url) as database:
        with pytest.raises(UnsafeMigration, match=r"“drop the column note.title” can't be undone"):
            await folder.migrator(database).migrate()


async def test_column_that_is_computed_no_longer_keeps_its_values(folder: Folder, database: Database):
    class Before:
        class Sale(Model):
            id: Field[int] = auto()
            price: Field[int]
            double: Field[int] = generated("price * 2", index=True)
            third: Field[int | None] = generated("price / 3")

    class Sale(Model):
        id: Field[int] = auto()
        price: Field[int]
        double: Field[int] = field(index=True)
        third: Field[int | None]

    folder.make(Before.Sale)
    await folder.migrator(database).migrate()
    await Before.Sale.objects.create(price=6)
    folder.make(Sale)
    await folder.migrator(database).migrate()

    sale = await Sale.objects.get()
    assert (sale.double, sale.third) == (12, 2)
    assert find_drift(await fresh(database, Sale), await real(database)) == []

    await folder.migrator(database).revert()
    await Before.Sale.objects.update(price=9)
    assert (await Before.Sale.objects.get()).double == 18
