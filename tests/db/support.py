"""Databases for tests: a file, or a schema of its own in a PostgreSQL that is there."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import count

from bistro.db import Database, Parameters, Row

SERVER = os.environ.get("BISTRO_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")

SCHEMA = {
    "sqlite": (
        "create table author (id integer primary key, name text not null)",
        "create table note (id integer primary key, title text not null unique check (length(title) < 20),"
        " views integer not null default 0, author_id integer references author (id))",
    ),
    "postgresql": (
        "create table author (id serial primary key, name text not null)",
        "create table note (id serial primary key, title text not null unique check (length(title) < 20),"
        " views integer not null default 0, author_id integer references author (id))",
    ),
}


class AnyDatabase(Database):
    """A database that takes `?` for a value, whichever it is, so that one test serves both."""

    def fetch(self, sql: str, parameters: Parameters = ()) -> Awaitable[list[Row]]:
        return super().fetch(self._marked(sql), parameters)

    def execute(self, sql: str, parameters: Parameters = ()) -> Awaitable[int]:
        return super().execute(self._marked(sql), parameters)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> Awaitable[int]:
        return super().execute_many(self._marked(sql), rows)

    def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        return super().iterate(self._marked(sql), parameters, batch_size=batch_size)

    def _marked(self, sql: str) -> str:
        if self.dialect == "sqlite":
            return sql
        numbers = count(1)
        return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)


async def rows_of(database: Database, sql: str, parameters: Parameters = ()) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await database.fetch(sql, parameters)]


async def titles(database: Database) -> list[str]:
    return [row[0] for row in await database.fetch("select title from note order by id")]


async def run_in(
    database: object, test: Callable[..., Awaitable[None]], arguments: dict[str, object]
) -> None:
    """Run an async test, within its database where it has one."""
    if not isinstance(database, Database):
        await test(**arguments)
        return
    async with database:
        for statement in SCHEMA[database.dialect]:
            await database.execute(statement)
        await test(**arguments)
