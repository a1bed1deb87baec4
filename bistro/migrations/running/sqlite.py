"""A migration in SQLite: one transaction, during which foreign keys are off and after which they hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

# Any: APSW's connection.
from typing import Any, Final

from bistro.db.database import Database
from bistro.db.errors import DatabaseBusy, IntegrityError
from bistro.db.transactions import transaction

POLL_SECONDS: Final = 0.2
# Those of links are made by the operations, as they are needed.
_TRIGGERS: Final = (
    "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' AND name NOT LIKE 'bistro_link_%'"
)


@asynccontextmanager
async def whole(database: Database, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """A transaction in which tables may be made anew. Raises IntegrityError where a reference is broken."""
    await database.raw(_let_go)
    try:
        async with transaction(using=database):
            await _wait_for_others(database, tell)
            triggers = await database.fetch(_TRIGGERS)
            yield
            await _bring_back(database, [tuple(row) for row in triggers])
            await _verify(database)
    finally:
        await database.raw(_hold_again)


def _let_go(connection: Any) -> None:
    # Neither has an effect within a transaction. The second keeps a new table's name out of the
    # references and views of others, which go on naming the old one.
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA legacy_alter_table = ON")


def _hold_again(connection: Any) -> None:
    connection.execute("PRAGMA legacy_alter_table = OFF")
    connection.execute("PRAGMA foreign_keys = ON")


async def _wait_for_others(database: Database, tell: Callable[[str], None]) -> None:
    has_told = False
    while True:
        try:
            await database.fetch("SELECT 1")
        except DatabaseBusy:
            if not has_told:
                tell("Another process writes into this database; waiting for it.")
            has_told = True
            await asyncio.sleep(POLL_SECONDS)
        else:
            return


async def _bring_back(database: Database, triggers: list[tuple[str, str, str]]) -> None:
    """Triggers go with the table that they were made for; one whose table is gone stays away."""
    left = {row[0] for row in await database.fetch(_TRIGGERS)}
    tables = {row[0] for row in await database.fetch("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for name, table, sql in triggers:
        if name not in left and table in tables:
            await database.execute(sql)


async def _verify(database: Database) -> None:
    broken = await database.fetch("PRAGMA foreign_key_check")
    if broken:
        table, row, parent = broken[0][:3]
        raise IntegrityError(
            f"{len(broken)} rows would refer to nothing; the first is row {row} of {table}, which names "
            f"a row of {parent}",
            table=str(table),
        )
