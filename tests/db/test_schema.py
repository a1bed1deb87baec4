"""Making tables: what is there stays, all or none, and several may begin at once."""

from __future__ import annotations

import asyncio

import pytest

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    ModelError,
    StatementError,
    auto,
    create_tables,
    drop_tables,
    field,
    related,
    transaction,
)
from tests.db.support import rows_of


class Topic(Model, table='the "topic"'):
    id: Field[int] = auto()
    name: Field[str] = field(unique=True, index=True)


class Entry(Model, table="order"):
    id: Field[int] = auto()
    topics: ManyToMany[Topic] = related()


class Left(Model):
    id: Field[int] = auto()
    right: ForeignKey[Right | None]


class Right(Model):
    id: Field[int] = auto()
    left: ForeignKey[Left | None]


class Lost(Model):
    id: Field[int] = auto()
    entry: ForeignKey[Entry]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def url(request: pytest.FixtureRequest) -> str:
    """A database without any table, of each kind in turn."""
    wanted = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(wanted))


async def test_a_table_that_is_there_stays_with_its_rows(url: str) -> None:
    async with Database(url):
        await create_tables(Topic)
        await Topic.objects.create(name="tea")
        await create_tables(Topic, Entry)
        entry = await Entry.objects.create()
        await entry.add(Entry.topics, await Topic.objects.get(Topic.name == "tea"))
        assert await Topic.objects.count() == 1


async def test_tables_that_refer_to_each_other_are_made_once(url: str) -> None:
    async with Database(url):
        await create_tables(Left, Right)
        await create_tables(Right, Left)
        await drop_tables(Left, Right)
        await create_tables(Left, Right)
        assert await Left.objects.count() == 0


@pytest.mark.service
async def test_a_table_that_fails_leaves_none_of_the_others(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        with pytest.raises(StatementError):
            await create_tables(Topic, Lost)
        found = await rows_of(database, "select count(*) from pg_tables where schemaname = current_schema()")
        assert found == [(0,)]


async def test_who_begin_at_once_make_tables_and_first_rows_once(url: str) -> None:
    async def start() -> None:
        async with Database(url), transaction():
            await create_tables(Topic)
            if not await Topic.objects.exists():
                await Topic.objects.create(name="tea")

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(start())
    async with Database(url):
        assert await Topic.objects.count() == 1


async def test_a_database_among_the_models_is_told(database: Database) -> None:
    with pytest.raises(ModelError, match="is no model with a table") as caught:
        await create_tables(database, Topic)  # type: ignore[arg-type]
    assert "using=database" in caught.value.fix


async def test_a_table_that_is_missing_says_how_it_is_made(database: Database) -> None:
    with pytest.raises(StatementError) as caught:
        await database.fetch("select * from nowhere")
    assert "create_tables" in caught.value.fix
    assert "bistro db make" in caught.value.fix


@pytest.mark.parametrize("sql", ["select colour from topic", "insert into topic (colour) values (1)"])
async def test_a_column_that_is_missing_says_how_it_is_added(database: Database, sql: str) -> None:
    await create_tables(Topic)
    with pytest.raises(StatementError) as caught:
        await database.fetch(sql)
    assert "bistro db make" in caught.value.fix
