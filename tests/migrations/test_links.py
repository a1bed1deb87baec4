"""Two columns that triggers keep alike: for all pairs of kinds that convert both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

from msgspec.structs import replace

from bistro.db import Database
from bistro.migrations import Column, CreateTable, LinkColumns, PrimaryKey, Table
from bistro.migrations.sql.conversions import can_convert
from bistro.migrations.sql.values import as_sql
from tests.migrations.support import Folder

KINDS: dict[str, tuple[Column, list[Any]]] = {
    "integer": (Column("", "integer"), [7, 0, -3]),
    "small": (Column("", "integer", bits=32), [7]),
    "float": (Column("", "float"), [7.0, 2.5]),
    "decimal": (Column("", "decimal", max_digits=10, decimal_places=2), [Decimal("7.25")]),
    "finer": (Column("", "decimal", max_digits=12, decimal_places=4), [Decimal("7.1234")]),
    "text": (Column("", "text"), ["12"]),
    "short": (Column("", "text", max_length=40), ["12"]),
    "bool": (Column("", "bool"), [True, False]),
    "date": (Column("", "date"), [date(2026, 1, 31)]),
    "datetime": (Column("", "datetime"), [datetime(2026, 1, 31, 8, 30, tzinfo=UTC)]),
}


def pairs() -> list[tuple[str, str]]:
    return [
        (old, new)
        for old, new in permutations(KINDS, 2)
        if can_convert(KINDS[old][0], KINDS[new][0]) and can_convert(KINDS[new][0], KINDS[old][0])
    ]


async def test_each_side_keeps_what_was_written_and_the_other_one_has_a_value(
    folder: Folder, database: Database
):
    tables = {f"{old}_{new}": (old, new) for old, new in pairs()}
    assert len(tables) == 36
    for name, (old, new) in tables.items():
        columns = (
            Column("id", "integer", default="auto"),
            replace(KINDS[old][0], name="old", nullable=True),
            replace(KINDS[new][0], name="new", nullable=True),
        )
        folder.add(
            CreateTable(Table(name, columns, (PrimaryKey(f"pk_{name}", ("id",)),))),
            LinkColumns(name, "old", "new"),
            name=name,
        )
    await folder.migrator(database).migrate()

    for name, (old, new) in tables.items():
        await write_both(database, name, "old", *KINDS[old])
        await write_both(database, name, "new", *KINDS[new])


async def write_both(database: Database, table: str, name: str, column: Column, values: list[Any]) -> None:
    """Insert and update `name`: it stays as it was written, and the other column follows."""
    for value in values:
        words = as_sql(value, column, database.dialect)
        await database.execute(f"delete from {table}")
        await database.execute(f"insert into {table} ({name}) values ({words})")
        assert await count(database, table, f"{name} = {words} and old is not null and new is not null") == 1
        await database.execute(f"update {table} set {name} = null")
        assert await count(database, table, "old is null and new is null") == 1
        await database.execute(f"update {table} set {name} = {words}")
        assert await count(database, table, f"{name} = {words} and old is not null and new is not null") == 1


async def count(database: Database, table: str, condition: str) -> int:
    return int((await database.fetch(f"select count(*) from {table} where {condition}"))[0][0])
