"""Read replicas: what only reads goes to one of them, everything else to the primary."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import cycle
from typing import Any  # Any: the library below has connections of its own kind

from bistro.db.current import current_scope
from bistro.db.drivers.protocol import (
    Change,
    Dialect,
    Driver,
    DriverStatistics,
    Isolation,
    Parameters,
    Row,
    TransactionConnection,
)
from bistro.db.drivers.reading import is_reading
from bistro.db.errors import DatabaseUnavailable

_logger = logging.getLogger("bistro.db")


class ReplicatedDriver:
    """A primary and its replicas as one driver.

    Transactions are the primary's, and so are statements of a request that reads what it, or the
    same visitor just before, has written. A replica that can't be reached is passed over.
    """

    dialect: Dialect

    def __init__(self, primary: Driver, replicas: Sequence[Driver]) -> None:
        self._primary = primary
        self._replicas = tuple(replicas)
        self._turns = cycle(self._replicas)
        self.dialect = primary.dialect

    async def open(self) -> None:
        """Open all of them; a replica that can't be reached is no reason not to start."""
        await self._primary.open()
        for replica in self._replicas:
            try:
                await replica.open()
            except DatabaseUnavailable as error:
                _logger.warning("a replica can't be reached: %s", error.what)

    async def close(self) -> None:
        """Close all of them."""
        for driver in (*self._replicas, self._primary):
            await driver.close()

    async def check(self) -> None:
        """Return if the primary answers. Raises `DatabaseUnavailable`."""
        await self._primary.check()

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        if is_reading(sql) and not _reads_primary():
            for _ in self._replicas:
                try:
                    return await next(self._turns).fetch(sql, parameters)
                except DatabaseUnavailable as error:
                    _logger.warning("a replica is passed over: %s", error.what)
        return await self._primary.fetch(sql, parameters)

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement on the primary; the number of rows that it changed."""
        return await self._primary.execute(sql, parameters)

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none, on the primary."""
        return await self._primary.execute_many(sql, rows)

    def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches."""
        is_free = is_reading(sql) and not _reads_primary()
        driver = next(self._turns) if is_free else self._primary
        return driver.iterate(sql, parameters, batch_size=batch_size)

    async def raw(self, function: Callable[[Any], Any]) -> Any:
        """What `function` gives of a connection to the primary."""
        return await self._primary.raw(function)

    def begin(self, *, isolation: Isolation | None = None, read_only: bool = False) -> TransactionConnection:
        """A transaction on the primary."""
        return self._primary.begin(isolation=isolation, read_only=read_only)

    def subscribe(self, table: str, key: str) -> AbstractAsyncContextManager[asyncio.Queue[Change]]:
        """The changes of a table, as the primary tells them."""
        return self._primary.subscribe(table, key)

    def statistics(self) -> DriverStatistics:
        """The connections of all of them together."""
        each = [driver.statistics() for driver in (self._primary, *self._replicas)]
        return DriverStatistics(
            sum(one.connections for one in each),
            sum(one.in_use for one in each),
            sum(one.waiting for one in each),
            sum(one.connections_max for one in each),
        )


def _reads_primary() -> bool:
    scope = current_scope.get()
    return scope is not None and scope.reads_primary
