"""C17: SQLite with a write-ahead log, busy handling and foreign keys by default; PostgreSQL by URL."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from bistro.db import Database


def test_pragmas_of_the_default_database(tmp_path: Path) -> None:
    async def pragmas() -> dict[str, object]:
        async with Database(f"sqlite:///{tmp_path / 'site.db'}") as database:
            names = ("journal_mode", "foreign_keys", "synchronous")
            return {name: (await database.fetch(f"pragma {name}"))[0][0] for name in names}

    assert asyncio.run(pragmas()) == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.readline()
connection.execute("commit")
"""


def test_a_lock_of_another_process_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "site.db"

    async def main() -> None:
        async with Database(f"sqlite:///{path}") as database:
            await database.execute("create table note (title text)")
            other = await asyncio.create_subprocess_exec(
                sys.executable, "-c", HOLDER, str(path), stdin=PIPE, stdout=PIPE
            )
            assert other.stdout is not None
            await other.stdout.readline()
            write = asyncio.create_task(database.execute("insert into note values ('a')"))
            assert await database.fetch("select * from note") == []
            assert not write.done()
            await other.communicate(b"go\n")
            assert await write == 1

    asyncio.run(main())


def test_postgresql_needs_nothing_but_its_url() -> None:
    assert Database("postgresql://shop@db.example/shop").dialect == "postgresql"
