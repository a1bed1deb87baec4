"""One process at a time migrates a database; the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

# Any: asyncpg's connection.
from typing import Any, Final

from bistro.db.database import Database

LOCK: Final = int.from_bytes(b"bistro.m")
POLL_SECONDS: Final = 0.2
Tell = Callable[[str], None]


@asynccontextmanager
async def only_one(database: Database, tell: Tell) -> AsyncIterator[None]:
    """Wait until no other process migrates. In SQLite each migration is a transaction, and it waits there."""
    if database.dialect == "sqlite":
        yield
        return
    held, done = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(_hold(database, tell, held, done))
    waiting = asyncio.create_task(held.wait())
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not held.is_set():
            await task
        yield
    finally:
        done.set()
        waiting.cancel()
        await task


async def _hold(database: Database, tell: Tell, held: asyncio.Event, done: asyncio.Event) -> None:
    async def hold(connection: Any) -> None:
        # Asked again and again: one who waits in a statement would keep an index from being built
        # CONCURRENTLY, which waits for every statement that began before.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            if not tell_once:
                tell("Another process migrates this database; waiting for it.")
                tell_once.append(True)
            await asyncio.sleep(POLL_SECONDS)
        held.set()
        await done.wait()
        await connection.fetchval("SELECT pg_advisory_unlock($1)", LOCK)

    tell_once: list[bool] = []
    await database.raw(hold)
