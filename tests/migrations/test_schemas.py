"""Tables in a schema of their own, enums, exclusions and what else only one of the databases has."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import Enum

import pytest

from bistro.db import (
    Check,
    Database,
    Exclude,
    Field,
    ForeignKey,
    Index,
    ManyToMany,
    Model,
    Range,
    auto,
    field,
    generated,
    related,
)
from bistro.migrations import MigrationFileError, Migrator, RenameColumn
from bistro.migrations.catalog import describe_state, find_drift
from bistro.migrations.package import load_file
from tests.migrations.support import Folder, fresh, real


async def agree(folder: Folder, database: Database, *models: type[Model]) -> None:
    await folder.migrator(database).migrate()
    assert find_drift(await fresh(database, *models), await real(database)) == []
    assert folder.make(*models) == ""


@pytest.mark.service
async def test_table_in_a_schema_of_its_own_is_made_changed_and_referred_to(
    folder: Folder, postgres: Database
):
    name = f"shop_{secrets.token_hex(4)}"

    class Item(Model, schema=name):
        id: Field[int] = auto()

    class Line(Model):
        id: Field[int] = auto()
        item: ForeignKey[Item]

    class New:
        class Item(Model, schema=name):
            id: Field[int] = auto()
            title: Field[str] = field(default="", index=True)

    async with postgres:
        try:
            folder.make(Item, Line)
            await folder.migrator(postgres).migrate()
            await postgres.execute(f"insert into {name}.item default values")
            folder.make(New.Item, Line)
            await folder.migrator(postgres).migrate()

            rows = await postgres.fetch(f"select title from {name}.item")
            assert [row[0] for row in rows] == [""]
            state = folder.graph().state
            assert find_drift(await describe_state(state, postgres), await real(postgres)) == []
            await folder.migrator(postgres).revert("0001")
        finally:
            await postgres.execute(f"drop schema if exists {name} cascade")


async def test_enum_gets_another_value(folder: Folder, database: Database):
    class Colour(Enum):
        RED = "red"

    class Colours(Enum):
        RED = "red"
        BLUE = "blue"

    class Car(Model):
        id: Field[int] = auto()
        colour: Field[Colour]

    class New:
        class Car(Model):
            id: Field[int] = auto()
            colour: Field[Colours]

    folder.make(Car)
    await agree(folder, database, Car)
    await database.execute("insert into car (colour) values ('red')")
    folder.make(New.Car)
    await agree(folder, database, New.Car)
    await database.execute("insert into car (colour) values ('blue')")


@pytest.mark.parametrize("renames", [True, ["note=memo"]])
async def test_pairs_follow_a_model_that_was_renamed(
    folder: Folder, database: Database, renames: bool | list[str]
):
    class Tag(Model):
        id: Field[int] = auto()

    class Note(Model):
        id: Field[int] = auto()
        tags: ManyToMany[Tag] = related()

    class Memo(Model):
        id: Field[int] = auto()
        tags: ManyToMany[Tag] = related()

    folder.make(Note, Tag)
    await agree(folder, database, Note, Tag)
    for table in ("note", "tag"):
        await database.execute(f"insert into {table} default values")
    await database.execute("insert into note_tags values (1, 1)")

    folder.make(Memo, Tag, renames=renames)
    await agree(folder, database, Memo, Tag)

    rows = await database.fetch("select memo_id, tag_id from memo_tags")
    assert [tuple(row) for row in rows] == [(1, 1)]


async def test_renamed_column_is_renamed_in_conditions_too(folder: Folder, database: Database):
    class Sale(Model, constraints=(Check("price > 0", name="positive"),)):
        id: Field[int] = auto()
        price: Field[int]

    class New:
        class Sale(Model, constraints=(Check("cost > 0", name="positive"),)):
            id: Field[int] = auto()
            cost: Field[int]

    folder.make(Sale)
    await agree(folder, database, Sale)
    await database.execute("insert into sale (price) values (1)")

    folder.make(New.Sale, renames=["sale.price=cost"])
    await agree(folder, database, New.Sale)


async def test_column_renamed_to_a_word_of_sql_is_quoted_in_conditions(folder: Folder, database: Database):
    # SQLite alone reserves "index".
    checks = (Check('"order" > 0', name="ordered"), Check('"index" > 0', name="indexed"))
    cheap = Index(("-order", "index"), where='"order" < 9', name="cheap")

    class Old:
        class Sale(
            Model,
            constraints=(Check("price > 0", name="ordered"), Check("amount > 0", name="indexed")),
            indexes=(Index(("-price", "amount"), where="price < 9", name="cheap"),),
        ):
            id: Field[int] = auto()
            price: Field[int]
            amount: Field[int]
            double: Field[int] = generated("price * 2")

    class New:
        class Sale(Model, constraints=checks, indexes=(cheap,)):
            id: Field[int] = auto()
            order: Field[int]
            index: Field[int]
            double: Field[int] = generated('"order" * 2')

    folder.make(Old.Sale)
    await agree(folder, database, Old.Sale)
    name = folder.make(New.Sale, renames=["sale.price=order", "sale.amount=index"])
    await agree(folder, database, New.Sale)

    renames = load_file(folder.path / f"{name}.py").migration.operations
    assert [type(each) for each in renames] == [RenameColumn, RenameColumn]


@pytest.mark.service
async def test_exclusion_comes_with_its_extension(folder: Folder, postgres: Database):
    class Stay(Model):
        id: Field[int] = auto()
        room: Field[int]
        span: Field[Range[datetime]]

    class New:
        class Stay(Model, constraints=(Exclude((("room", "="), ("span", "&&"))),)):
            id: Field[int] = auto()
            room: Field[int]
            span: Field[Range[datetime]]

    async with postgres:
        folder.make(Stay)
        await folder.migrator(postgres).migrate()
        folder.make(New.Stay)
        assert await folder.migrator(postgres).migrate() != []
        assert "EXCLUDE" in str(await real(postgres))
        await folder.migrator(postgres).revert()


async def test_sqlite_refuses_an_exclusion(folder: Folder, sqlite_url: str):
    class Stay(Model, constraints=(Exclude((("room", "="),)),)):
        id: Field[int] = auto()
        room: Field[int]

    folder.make(Stay)
    async with Database(sqlite_url) as database:
        with pytest.raises(MigrationFileError, match="SQLite has no exclusion constraints, but stay has one"):
            await Migrator(database, folder.graph()).migrate()
