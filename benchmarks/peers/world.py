"""The table that TechEmpower's cases read and write: ten thousand rows with a random number each."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bistro.db import Database

SERVER = os.environ.get("BISTRO_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
ROWS = 10_000


@contextmanager
def make_worlds(folder: Path) -> Iterator[dict[str, str]]:
    """The URL of a table in SQLite, and of one in PostgreSQL where that answers; removed at the end."""
    urls = {"sqlite": f"sqlite:///{folder / 'world.sqlite3'}"}
    asyncio.run(_fill(urls["sqlite"]))
    name = f"bistro_bench_{secrets.token_hex(6)}"
    try:
        asyncio.run(_command(f"create database {name}"))
    except OSError:
        yield urls
        return
    try:
        urls["postgresql"] = f"{SERVER}/{name}"
        asyncio.run(_fill(urls["postgresql"]))
        yield urls
    finally:
        asyncio.run(_command(f"drop database {name} with (force)"))


async def _fill(url: str) -> None:
    chance = random.Random(20)
    async with Database(url) as database:
        await database.execute("create table world (id integer primary key, randomnumber integer not null)")
        place = "(?, ?)" if database.dialect == "sqlite" else "($1, $2)"
        rows = [(number, chance.randint(1, ROWS)) for number in range(1, ROWS + 1)]
        await database.execute_many(f"insert into world values {place}", rows)
        await database.execute("analyze")


async def _command(sql: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{SERVER}/postgres")
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
