"""Look at each statement: how long it took, how many rows it gave, and which line asked for it."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from types import FrameType

from msgspec import Struct

from bistro.db.drivers.protocol import (
    Connection,
    Dialect,
    Driver,
    DriverStatistics,
    Isolation,
    Parameters,
    Row,
    TransactionConnection,
)
from bistro.ground.registry import Origin, origin_outside


class Statement(Struct, frozen=True):
    """A statement that has been run."""

    sql: str
    seconds: float
    rows: int
    """How many it gave or changed."""
    error: str = ""
    """The class of the error with which it failed."""
    failure: Exception | None = None
    """The error itself."""

    def find_origin(self) -> Origin:
        """The line outside of Bistro that asked for it; only while the watcher is called."""
        frame: FrameType | None = sys._getframe(1)
        # The watcher may be anybody's; what asked stands beyond the connection that called it.
        while frame is not None and frame.f_globals is not globals():
            frame = frame.f_back
        outermost = frame
        while outermost is not None and outermost.f_code.co_name != "take_part":
            outermost = outermost.f_back
        # A thread that waits in `sync` has a stack of its own.
        asker = outermost.f_locals.get("asker") if outermost is not None else None
        return origin_outside(asker if isinstance(asker, FrameType) else frame)


Watcher = Callable[[Statement], None]
"""Called once for each statement, where it was asked for; what it raises is raised there."""


class WatchedConnection:
    """The same connection; each statement is shown to the watcher when it has ended.

    Of those that succeed only the ones that took at least `seconds_min`, so that a site which looks for
    slow ones does not pay for the others.
    """

    def __init__(self, connection: Connection, watch: Watcher, *, seconds_min: float = 0.0) -> None:
        self._connection = connection
        self._watch = watch
        self._seconds_min = seconds_min

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        began = time.perf_counter()
        try:
            rows = await self._connection.fetch(sql, parameters)
        except Exception as error:
            self._note_failure(sql, began, error)
            raise
        seconds = time.perf_counter() - began
        if seconds >= self._seconds_min:
            self._watch(Statement(sql, seconds, len(rows)))
        return rows

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        began = time.perf_counter()
        try:
            count = await self._connection.execute(sql, parameters)
        except Exception as error:
            self._note_failure(sql, began, error)
            raise
        seconds = time.perf_counter() - began
        if seconds >= self._seconds_min:
            self._watch(Statement(sql, seconds, count))
        return count

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        began = time.perf_counter()
        try:
            count = await self._connection.execute_many(sql, rows)
        except Exception as error:
            self._note_failure(sql, began, error)
            raise
        seconds = time.perf_counter() - began
        if seconds >= self._seconds_min:
            self._watch(Statement(sql, seconds, count))
        return count

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches; the time is that until the first."""
        began = time.perf_counter()
        is_first = True
        async for batch in self._connection.iterate(sql, parameters, batch_size=batch_size):
            seconds = time.perf_counter() - began
            if is_first and seconds >= self._seconds_min:
                self._watch(Statement(sql, seconds, len(batch)))
            is_first = False
            yield batch

    def _note_failure(self, sql: str, began: float, error: Exception) -> None:
        self._watch(Statement(sql, time.perf_counter() - began, 0, type(error).__name__, error))


class WatchedTransaction(WatchedConnection):
    """A transaction whose statements are shown to the watcher."""

    def __init__(self, transaction: TransactionConnection, watch: Watcher, seconds_min: float) -> None:
        super().__init__(transaction, watch, seconds_min=seconds_min)
        self.savepoint = transaction.savepoint
        self.release_savepoint = transaction.release_savepoint
        self.rollback_to_savepoint = transaction.rollback_to_savepoint
        self.commit = transaction.commit
        self.rollback = transaction.rollback


class WatchedDriver(WatchedConnection):
    """A driver whose statements are shown to the watcher: `database.driver = WatchedDriver(…)`."""

    dialect: Dialect

    def __init__(self, driver: Driver, watch: Watcher, *, seconds_min: float = 0.0) -> None:
        super().__init__(driver, watch, seconds_min=seconds_min)
        self.inner = driver
        self.dialect = driver.dialect
        self.open, self.close, self.check = driver.open, driver.close, driver.check
        self.subscribe, self.raw = driver.subscribe, driver.raw

    def begin(self, *, isolation: Isolation | None = None, read_only: bool = False) -> WatchedTransaction:
        """A transaction whose statements are watched too."""
        begun = self.inner.begin(isolation=isolation, read_only=read_only)
        return WatchedTransaction(begun, self._watch, self._seconds_min)

    def statistics(self) -> DriverStatistics:
        """How many connections there are, and what they do."""
        return self.inner.statistics()
