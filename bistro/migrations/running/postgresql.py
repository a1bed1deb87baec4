"""The phases of a migration in PostgreSQL, each in its way, none of which lets others wait for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final  # Any: asyncpg's connection

from msgspec import Struct

from bistro.db.database import Database
from bistro.db.errors import DatabaseBusy, SerializationFailure
from bistro.db.transactions import transaction
from bistro.migrations.operations.custom import Fill
from bistro.migrations.sql.steps import Step

ROWS_PER_BLOCK: Final = 50
"""About as many rows of an ordinary table are in a block of 8 KB."""


class Patience(Struct, frozen=True):
    """How long a step waits for a lock, while others wait behind it, and how often it tries again."""

    lock_seconds: float = 1.0
    attempts_max: int = 30
    pause_seconds: float = 0.5

    @property
    def settings(self) -> tuple[str, str]:
        """What a transaction begins with."""
        milliseconds = max(1, round(self.lock_seconds * 1000))
        return f"SET LOCAL lock_timeout = {milliseconds}", "SET LOCAL statement_timeout = 0"


Work = Callable[[], Awaitable[None]]


async def run_together(database: Database, work: Work, patience: Patience) -> None:
    """Do `work` in a transaction, and again where a lock was not to be had."""

    async def attempt() -> None:
        async with transaction(using=database):
            for setting in patience.settings:
                await database.execute(setting)
            await work()

    await again_and_again(attempt, patience)


async def run_alone(database: Database, step: Step, patience: Patience) -> None:
    """Run a statement that can't be in a transaction.

    What a process that was killed has left of it is taken away first.
    """

    async def on_connection(connection: Any) -> None:
        for setting in patience.settings:
            await connection.execute(setting.replace("SET LOCAL", "SET"))
        if "CONCURRENTLY" in step.sql.upper():
            for undo in step.undo:
                await connection.execute(undo)
        await connection.execute(step.sql)

    async def attempt() -> None:
        await database.raw(on_connection)

    await again_and_again(attempt, patience)


async def run_batches(database: Database, step: Step, patience: Patience) -> int:
    """Run an UPDATE for a few blocks of the table at a time; how many rows it changed.

    Each batch is kept by itself. Rows that come meanwhile are in the last one.
    """
    rows = step.operation.rows_per_batch if isinstance(step.operation, Fill) else 1000
    size = max(1, rows // ROWS_PER_BLOCK)
    table = step.sql.split(" ", 2)[1]
    changed = first = 0
    while first < await _count_blocks(database, table):
        part = f"{step.sql} AND ctid >= '({first},0)'::tid AND ctid < '({first + size},0)'::tid"
        changed += await _run_batch(database, part, patience)
        first += size
    return changed + await _run_batch(database, step.sql, patience)


async def _count_blocks(database: Database, table: str) -> int:
    rows = await database.fetch(
        "SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", (table,)
    )
    return int(rows[0][0])


async def _run_batch(database: Database, sql: str, patience: Patience) -> int:
    count = 0

    async def work() -> None:
        nonlocal count
        count = await database.execute(sql)

    await run_together(database, work, patience)
    return count


async def again_and_again(attempt: Work, patience: Patience) -> None:
    """Await `attempt` until it gets its locks. Raises DatabaseBusy where it never does."""
    for number in range(1, patience.attempts_max + 1):
        try:
            await attempt()
        except (DatabaseBusy, SerializationFailure):
            if number == patience.attempts_max:
                raise
            await asyncio.sleep(patience.pause_seconds)
        else:
            return
