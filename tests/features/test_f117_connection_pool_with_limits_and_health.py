"""F117: a pool of connections with a limit, time-outs, and recovery by itself."""

from __future__ import annotations

import asyncio

import pytest

from bistro.db import Database, DatabaseOptions, PoolExhausted
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures

pytestmark = pytest.mark.service


def test_the_limit_holds_who_waits_is_told_and_a_killed_connection_is_replaced(postgres_url: str) -> None:  # noqa: F811
    async def main() -> None:
        options = DatabaseOptions(connections_max=2, wait_seconds_max=0.1)
        async with Database(postgres_url, options=options) as database:
            slow = [asyncio.create_task(database.fetch("select pg_sleep(0.5)")) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(PoolExhausted):
                await database.fetch("select 1")
            assert database.statistics().connections == 2
            await asyncio.gather(*slow)

            await database.fetch("select pg_terminate_backend(pid) from pg_stat_activity where"
                                 " datname = current_database() and pid <> pg_backend_pid()")  # fmt: skip
            for _ in range(20):
                assert len(await database.fetch("select 1")) == 1
            assert database.statistics().connections <= 2

    asyncio.run(main())
