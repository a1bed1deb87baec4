"""Transactions on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from bistro.db.drivers.postgres.connection import PostgresConnection
from bistro.db.drivers.postgres.pool import Pool
from bistro.db.drivers.protocol import Parameters, Row
from bistro.db.errors import TransactionError


class PostgresTransaction:
    """Takes a connection from the pool with its first statement, and gives it back at its end."""

    def __init__(self, pool: Pool, begin: str) -> None:
        self._pool = pool
        self._begin = begin
        self._connection: PostgresConnection | None = None

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        connection = self._connection or await self._take()
        connection.since = self._pool.now()
        rows = await connection.fetch(sql, parameters)
        connection.since = 0.0
        return rows

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        connection = self._connection or await self._take()
        connection.since = self._pool.now()
        count = await connection.execute(sql, parameters)
        connection.since = 0.0
        return count

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        connection = self._connection or await self._take()
        given = list(rows)
        await connection.execute_many(sql, given)
        return len(given)

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches, by a cursor of the server."""
        connection = self._connection or await self._take()
        cursor = await connection.open_cursor(sql, parameters)
        while batch := await connection.take(cursor, batch_size):
            yield batch

    async def savepoint(self, name: str) -> None:
        """Begin a part that can be undone by itself."""
        await self.execute(f'savepoint "{name}"')

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since `savepoint(name)`."""
        await self.execute(f'release savepoint "{name}"')

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since `savepoint(name)`."""
        await self.execute(f'rollback to savepoint "{name}"; release savepoint "{name}"')

    async def commit(self) -> None:
        """Keep everything. Raises `TransactionError` where the server has undone it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # The server answers a COMMIT with ROLLBACK where a statement had failed before.
            if await connection.command("commit") != "COMMIT":
                raise TransactionError(
                    "a statement in the transaction failed, and so the database has undone all of it",
                    fix="Let the error through, or try what may fail in a transaction() of its own.",
                )
        finally:
            self._pool.release(connection)

    async def rollback(self) -> None:
        """Undo everything."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # A connection that was cancelled in the middle is closed, which undoes everything too.
            if connection.is_usable():
                await connection.command("rollback")
        except Exception:  # noqa: BLE001 - whatever it was, the server undoes what has no connection
            connection.is_lost = True
        finally:
            self._pool.release(connection)

    async def _take(self) -> PostgresConnection:
        connection = await self._pool.acquire()
        try:
            await connection.command(self._begin)
        except BaseException:
            self._pool.release(connection)
            raise
        self._connection = connection
        return connection
