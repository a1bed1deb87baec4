"""A database in which nothing stays: what a test does is undone, also what it commits.

How it works. One transaction is begun before the test and undone after it. In between the driver
is exchanged: a statement by itself becomes a part of that transaction (a savepoint), so that one
that fails spoils nothing, and so does each transaction that the site begins. They wait for each
other, as there is one connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import count
from typing import TypeVar

from bistro.db import (
    Database,
    DatabaseBusy,
    Dialect,
    Driver,
    DriverStatistics,
    Isolation,
    NoDatabase,
    Parameters,
    Row,
    TransactionConnection,
)
from bistro.testing.client import Client

Result = TypeVar("Result")
WAIT_SECONDS_MAX = 5.0


@asynccontextmanager
async def rolled_back(database: Database) -> AsyncIterator[None]:
    """Undo, at the end, everything that anybody does with `database` in between."""
    driver = database.driver
    whole = driver.begin()
    database.driver = RolledBackDriver(driver, whole)
    try:
        yield
    finally:
        database.driver = driver
        await whole.rollback()


@contextmanager
def rolled_back_in(client: Client) -> Iterator[Database]:
    """The database of the client's site, current in this thread; at the end all is as it was.

    Raises `NoDatabase` where the site has none.
    """
    databases = find_databases(client.app)
    if not databases:
        raise NoDatabase("the app has no database", fix="Install the plugin: App(Database()).")
    stack = AsyncExitStack()
    for database in databases:
        client.run(stack.enter_async_context(rolled_back(database)))
    # The site's own one last: it is the current one, the others are known by their names.
    for database in reversed(databases):
        database.enter()
    try:
        yield databases[0]
    finally:
        for database in databases:
            database.leave()
        client.run(stack.aclose())


def find_databases(app: object) -> list[Database]:
    """The databases that plugins of the app have opened."""
    plugins = getattr(app, "plugins", ())
    return [
        each for plugin in plugins for each in getattr(plugin, "opened", ()) if isinstance(each, Database)
    ]


class RolledBackDriver:
    """Runs everything in one transaction."""

    dialect: Dialect

    def __init__(self, driver: Driver, whole: TransactionConnection) -> None:
        self._driver = driver
        self._whole = whole
        self.dialect = driver.dialect
        self._lock = asyncio.Lock()
        self._names = (f"test_{number}" for number in count(1))
        self.open, self.close, self.check = driver.open, driver.close, driver.check
        self.subscribe, self.raw = driver.subscribe, driver.raw

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        return await self._alone(lambda: self._whole.fetch(sql, parameters))

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return await self._alone(lambda: self._whole.execute(sql, parameters))

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        return await self._alone(lambda: self._whole.execute_many(sql, rows))

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches."""
        async for batch in self._whole.iterate(sql, parameters, batch_size=batch_size):
            yield batch

    def begin(self, *, isolation: Isolation | None = None, read_only: bool = False) -> RolledBackPart:
        """A transaction that is a part of the whole; it has the isolation of that."""
        return RolledBackPart(self, self._whole)

    def statistics(self) -> DriverStatistics:
        """How many connections there are, and what they do."""
        return self._driver.statistics()

    def make_name(self) -> str:
        """A name for a savepoint."""
        return next(self._names)

    async def take_turn(self) -> None:
        """Wait for others that use the connection. Raises `DatabaseBusy`."""
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                await self._lock.acquire()
        except TimeoutError:
            raise DatabaseBusy(
                "another transaction of this test holds the one connection",
                fix="A task within a transaction can't wait for one outside of it here.",
            ) from None

    def end_turn(self) -> None:
        """Let others use the connection."""
        self._lock.release()

    async def _alone(self, run: Callable[[], Awaitable[Result]]) -> Result:
        await self.take_turn()
        try:
            name = self.make_name()
            await self._whole.savepoint(name)
            try:
                result = await run()
            except BaseException:
                await self._whole.rollback_to_savepoint(name)
                raise
            await self._whole.release_savepoint(name)
            return result
        finally:
            self.end_turn()


class RolledBackPart:
    """A transaction of the site, which in truth is a part of that of the test."""

    def __init__(self, driver: RolledBackDriver, whole: TransactionConnection) -> None:
        self._driver = driver
        self._whole = whole
        self._name = ""
        self.savepoint = whole.savepoint
        self.release_savepoint = whole.release_savepoint
        self.rollback_to_savepoint = whole.rollback_to_savepoint

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        await self._begin()
        return await self._whole.fetch(sql, parameters)

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        await self._begin()
        return await self._whole.execute(sql, parameters)

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        await self._begin()
        return await self._whole.execute_many(sql, rows)

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches."""
        await self._begin()
        async for batch in self._whole.iterate(sql, parameters, batch_size=batch_size):
            yield batch

    async def commit(self) -> None:
        """Keep it until the end of the test."""
        if self._name:
            name, self._name = self._name, ""
            try:
                await self._whole.release_savepoint(name)
            finally:
                self._driver.end_turn()

    async def rollback(self) -> None:
        """Undo it now."""
        if self._name:
            name, self._name = self._name, ""
            try:
                await self._whole.rollback_to_savepoint(name)
            finally:
                self._driver.end_turn()

    async def _begin(self) -> None:
        if not self._name:
            await self._driver.take_turn()
            name = self._driver.make_name()
            try:
                await self._whole.savepoint(name)
            except BaseException:
                self._driver.end_turn()
                raise
            self._name = name
