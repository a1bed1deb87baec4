"""Rows that every database of a site should have: functions that can be called again and again."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bistro.db.database import Database
from bistro.db.transactions import transaction
from bistro.ground.concurrency import run_in_thread
from bistro.ground.registry import find_origin
from bistro.ground.text import did_you_mean
from bistro.migrations.catalog import describe
from bistro.migrations.errors import MigrationError
from bistro.migrations.sql.postgresql_place import name_of

PREFIX: Final = "seed"
Work = Callable[[], Awaitable[object] | object]


class Seed(Struct, frozen=True):
    """A function of the site's `seeds.py` whose name begins with `seed`."""

    name: str
    function: Work


def read_seeds(file: Path, names: Sequence[str] = ()) -> list[Seed]:
    """The functions in the order in which they are written: all, or those that are named.

    Raises MigrationError where there is no such file or function.
    """
    if not file.is_file():
        raise MigrationError(
            f"there is no {file.name} beside the app",
            fix="Write it, with functions such as: async def seed_tags() -> None.",
        )
    spec = importlib.util.spec_from_file_location("seeds", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = {
        name: Seed(name, value)
        for name, value in vars(module).items()
        if name.startswith(PREFIX) and inspect.isfunction(value) and value.__module__ == module.__name__
    }
    for name in names:
        if name not in found:
            near = did_you_mean(name, found)
            raise MigrationError(
                f"{file.name} has no function {name}", fix=f"Did you mean {near}?" if near else ""
            )
    return [found[name] for name in names] if names else list(found.values())


async def run_seed(seed: Seed, database: Database) -> None:
    """Call it in a transaction of its own; the current database is `database`."""
    database.enter()
    try:
        async with transaction(using=database):
            await _call(seed.function)
    finally:
        database.leave()


async def check_seed(seed: Seed, database: Database) -> list[str]:
    """Call it twice and undo both; the tables in which the second call made more rows."""
    once, twice = dict[str, int](), dict[str, int]()
    database.enter()
    try:
        async with transaction(using=database):
            await _call(seed.function)
            once = await _count_rows(database)
            await _call(seed.function)
            twice = await _count_rows(database)
            raise _Undo
    except _Undo:
        return [table for table in twice if twice[table] != once.get(table, 0)]
    finally:
        database.leave()


def place_of(seed: Seed) -> str:
    """Where it is written, for messages."""
    origin = find_origin(seed.function)
    return f"{origin.file}:{origin.line}"


class _Undo(Exception):
    """Ends a transaction that is only for looking."""


async def _call(function: Work) -> None:
    if inspect.iscoroutinefunction(function):
        await function()
    else:
        await run_in_thread(function)


async def _count_rows(database: Database) -> dict[str, int]:
    tables = [
        what.split(" ", 1)[1]
        for what in await describe(database, database.dialect)
        if what.startswith("table ")
    ]
    return {
        table: int((await database.fetch(f"SELECT count(*) FROM {name_of(table)}"))[0][0]) for table in tables
    }
