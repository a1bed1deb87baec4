"""The query that finds a session with its user, once in each request of each user."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from bistro.db import Database, create_tables
from bistro.plugins.accounts import User, UserSessions
from bistro.plugins.sessions import StoredSession
from bistro.testing import assert_queries


def test_sqlite_plans_the_query_for_session_and_user_once_for_all_tokens(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"

    async def find_sql() -> str:
        async with Database(f"sqlite:///{file}"):
            await create_tables(User, StoredSession)
            with assert_queries(1) as statements:
                assert await UserSessions().find("token") is None
            return statements.seen[0]

    assert count_plans(file, asyncio.run(find_sql())) == 1


def count_plans(file: Path, sql: str) -> int:
    """How often SQLite plans `sql` while it is run for several values."""
    connection = apsw.Connection(str(file))
    reads: list[str] = []

    def allow(action: int, *names: str | None) -> int:
        if action == apsw.SQLITE_SELECT:
            reads.append("planned")
        return apsw.SQLITE_OK

    connection.authorizer = allow
    for value in ("one", "two", "three"):
        connection.execute(sql, (value,)).fetchall()
    connection.close()
    return len(reads)
