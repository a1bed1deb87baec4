"""A PostgreSQL database, or another that speaks its protocol, as a database of Bistro."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NoReturn  # Any: asyncpg takes its options by name, each of a type of its own

from bistro.db.drivers.postgres.changes import ChangeFeed, statements_for
from bistro.db.drivers.postgres.connection import PostgresConnection, connect
from bistro.db.drivers.postgres.faults import NEVER_HELD, find_code
from bistro.db.drivers.postgres.pool import Pool
from bistro.db.drivers.postgres.transaction import PostgresTransaction
from bistro.db.drivers.protocol import Change, Dialect, DriverStatistics, Isolation, Parameters, Row
from bistro.db.errors import DatabaseUnavailable
from bistro.db.options import DatabaseOptions
from bistro.db.url import DatabaseUrl

_logger = logging.getLogger("bistro.db")


class PostgresDriver:
    """Runs each statement on a connection of the pool."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: DatabaseUrl, options: DatabaseOptions) -> None:
        self._url = url
        self._options = options
        self._pool: Pool | None = None
        self._feed: ChangeFeed | None = None

    async def open(self) -> None:
        """Connect once. Raises `DatabaseUnavailable` where user, password or name are wrong.

        A database that can't be reached yet is no reason not to start: the site says 503 until it can.
        """
        options = self._options
        pool = Pool(
            self._connect,
            size_max=options.connections_max,
            wait_seconds_max=options.wait_seconds_max,
            statement_seconds_max=options.statement_seconds_max,
        )
        try:
            pool.release(await pool.acquire())
        except DatabaseUnavailable as error:
            if find_code(error.__cause__ or error).startswith(NEVER_HELD):
                await pool.close()
                raise
            _logger.warning("the database %s can't be reached yet: %s", self._url, error.what)
        self._pool = pool

    async def close(self) -> None:
        """Close all connections."""
        feed, self._feed = self._feed, None
        if feed is not None:
            await feed.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    # --- statements, each by itself -----------------------------------------------------------------

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        pool = self._pool or self._fail()
        connection = pool.take() or await pool.acquire()
        try:
            # As in connection.fetch, one coroutine less: this is the way of nearly all statements.
            statement = connection.prepared.get(sql) or await connection.prepare(sql)
            return (await connection.run(statement._state, parameters, "", 0, True, None))[0]
        except BaseException as error:  # noqa: BLE001 - also a cancellation tells of the connection
            return (await connection.repeat(sql, parameters, error))[1]
        finally:
            pool.release(connection)

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        pool = self._pool or self._fail()
        connection = pool.take() or await pool.acquire()
        try:
            return await connection.execute(sql, parameters)
        finally:
            pool.release(connection)

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        pool = self._pool or self._fail()
        given = list(rows)
        connection = pool.take() or await pool.acquire()
        try:
            await connection.execute_many(sql, given)
        finally:
            pool.release(connection)
        return len(given)

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches, all as they were at the beginning."""
        transaction = self.begin()
        try:
            async for batch in transaction.iterate(sql, parameters, batch_size=batch_size):
                yield batch
            await transaction.commit()
        finally:
            await transaction.rollback()

    def begin(self, *, isolation: Isolation | None = None, read_only: bool = False) -> PostgresTransaction:
        """A transaction; `isolation` is read committed unless said otherwise."""
        words = f"begin{f' isolation level {isolation}' if isolation else ''}{' read only' * read_only}"
        return PostgresTransaction(self._pool or self._fail(), words)

    # Any: asyncpg's connection goes in, and whatever the function gives comes out.
    async def raw(self, function: Callable[[Any], Any]) -> Any:
        """What `function` gives of an asyncpg connection, which is closed afterwards."""
        pool = self._pool or self._fail()
        connection = await pool.acquire()
        connection.is_dirty = True
        try:
            return await connection.call_raw(function)
        finally:
            pool.release(connection)

    @asynccontextmanager
    async def subscribe(self, table: str, key: str) -> AsyncIterator[asyncio.Queue[Change]]:
        """The changes of a table from here on, by a trigger that is made where there is none."""
        if self._feed is None:
            self._feed = ChangeFeed(self._connect)
        for statement in statements_for(table, key):
            await self.execute(statement)
        async with self._feed.subscribe(table) as queue:
            yield queue

    # --- the whole ----------------------------------------------------------------------------------

    async def check(self) -> None:
        """Return if a statement is answered. Raises `DatabaseUnavailable`."""
        await self.fetch("select 1")

    def statistics(self) -> DriverStatistics:
        """The connections of the pool."""
        pool, size_max = self._pool, self._options.connections_max
        if pool is None:
            return DriverStatistics(0, 0, 0, size_max)
        return DriverStatistics(pool.size, pool.size - pool.idle_count, pool.waiting_count, size_max)

    async def _connect(self) -> PostgresConnection:
        return await connect(self.connect_options(), keeps_prepared=not self._options.behind_pgbouncer)

    def connect_options(self) -> dict[str, Any]:
        """What a connection is made with: the URL, and limits that the server itself keeps."""
        options = self._options
        taken = {"dsn": self._url.dsn.reveal(), "timeout": options.wait_seconds_max}
        if options.behind_pgbouncer:
            # It knows neither these settings, nor which of its connections has prepared what.
            return {**taken, "statement_cache_size": 0}
        settings = {"application_name": "bistro"}
        if options.statement_seconds_max:
            settings["statement_timeout"] = f"{round(options.statement_seconds_max * 1000)}ms"
        settings["lock_timeout"] = f"{round(options.wait_seconds_max * 1000)}ms"
        return {**taken, "server_settings": settings}

    def _fail(self) -> NoReturn:
        raise DatabaseUnavailable(f"the database {self._url} is not open")
