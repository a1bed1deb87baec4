"""`Database`: runs statements where they belong, in the transaction at hand or by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, ClassVar

from bistro.db.current import current_scope, leave_scope, nested, refuse_beside_another
from bistro.db.drivers.make import make_driver
from bistro.db.drivers.protocol import Connection, Dialect, Driver, DriverStatistics, Parameters, Row
from bistro.db.drivers.reading import is_reading
from bistro.db.errors import NoDatabase, TransactionError
from bistro.db.file_place import FilePlace
from bistro.db.options import DatabaseOptions
from bistro.db.transaction import Transaction
from bistro.db.url import DatabaseUrl, parse_database_url
from bistro.ground.portal import Portal


class Database:
    """One database.

        async with Database("sqlite:///notes.db") as database:
            rows = await database.fetch("select title from note where id = ?", (7,))

    Within `async with` it is open, and the current one: queries that name no other use it. In a
    site the plugin `bistro.plugins.Database` opens it, and a handler asks for it by its type.
    Statements have the placeholders of the database: `?` for SQLite, `$1` for PostgreSQL.
    """

    __provided_by__: ClassVar[str] = "bistro.plugins.Database"
    """What gives it to handlers; said to who has forgotten it."""

    def __init__(
        self,
        url: str | DatabaseUrl,
        *,
        name: str = "default",
        options: DatabaseOptions | None = None,
        files: FilePlace | None = None,
    ) -> None:
        """`url` as for `parse_database_url`; raises `DatabaseUrlError` if it can't be read.

        `files` is the storage of `StoredFile` columns; in a site it comes from `PrivateFiles`.
        """
        self.url = parse_database_url(url) if isinstance(url, str) else url
        self.name = name
        self.options = options or DatabaseOptions()
        self.driver: Driver = make_driver(self.url, self.options)
        """What speaks to it. It can be wrapped in another one, e.g. to look at each statement."""
        self.files = files
        """Where the files of `StoredFile` columns are kept."""
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop in which it is open."""
        self._openings = 0
        self._portal: Portal | None = None

    @property
    def dialect(self) -> Dialect:
        """The SQL that it speaks."""
        return self.driver.dialect

    # --- statements ---------------------------------------------------------------------------------

    def fetch(self, sql: str, parameters: Parameters = ()) -> Awaitable[list[Row]]:
        """All rows that a statement gives; also of one that changes something and has RETURNING."""
        return self.find_connection(sql).fetch(sql, parameters)

    def execute(self, sql: str, parameters: Parameters = ()) -> Awaitable[int]:
        """Run a statement; the number of rows that it changed."""
        return self.find_connection(sql).execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> Awaitable[int]:
        """Run a statement once for each of `rows`, all or none; how many there were."""
        return self.find_connection(sql).execute_many(sql, rows)

    def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches, so that a large result is never in memory as a whole."""
        return self.find_connection(sql).iterate(sql, parameters, batch_size=batch_size)

    # Any: the library below has connections of its own kind.
    def raw(self, function: Callable[[Any], Any]) -> Awaitable[Any]:
        """What `function` gives of a connection of the library below, for what only that can do.

        asyncpg's in PostgreSQL, where what it gives is awaited; APSW's in SQLite, in the writing
        thread. Raises `TransactionError` within a transaction, of which it could not be a part.
        """
        if self.find_transaction() is not None:
            raise TransactionError("a raw connection can't be a part of a transaction")
        return self.driver.raw(function)

    def find_connection(self, sql: str) -> Connection:
        """What this statement of this task runs on: its transaction, or the driver itself.

        Raises `TransactionError` for one that may write while a transaction of another database is open:
        it would stay if that is undone.
        """
        scope = current_scope.get()
        # Most often this is the current database, and outside of a transaction.
        if scope is None or (scope.transaction is None and scope.outer is None):
            return self.driver
        found = self.find_transaction()
        if found is None and not is_reading(sql):
            refuse_beside_another(f"a statement that may change the database {self.name}")
        return found or self.driver

    def find_transaction(self) -> Transaction | None:
        """The transaction of this database that this very task is in, if any."""
        scope = current_scope.get()
        while scope is not None:
            if scope.database is self and scope.transaction is not None:
                return scope.transaction if scope.transaction.is_open_here() else None
            scope = scope.outer
        return None

    # --- opening and closing --------------------------------------------------------------------------

    async def open(self) -> None:
        """Get ready for statements; a second call counts, and needs a second `close`."""
        if self._openings == 0:
            await self.driver.open()
            self.loop = asyncio.get_running_loop()
        self._openings += 1

    async def close(self) -> None:
        """Finish what is in hand and let go of the database."""
        self._openings -= 1
        if self._openings == 0:
            self.loop = None
            await self.driver.close()

    async def __aenter__(self) -> Database:
        await self.open()
        self.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        await self.close()

    def __enter__(self) -> Database:
        """The same for a script, whose statements go through `sync`: it gets an event loop in a thread."""
        self._portal = Portal("database")
        try:
            self._portal.run(self.open())
        except BaseException:
            self._portal.close(_nothing())
            raise
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        portal, self._portal = self._portal, None
        assert portal is not None
        portal.close(self.close())

    def leave(self) -> None:
        """Undo `enter`."""
        leave_scope()

    def enter(self) -> None:
        """Be the current database of this task, request or test from here on."""
        current_scope.set(nested(self))

    async def check(self) -> None:
        """Return if a statement would be answered now. Raises `DatabaseUnavailable`."""
        await self.driver.check()

    def statistics(self) -> DriverStatistics:
        """How many connections there are, and what they do."""
        return self.driver.statistics()


def _find_named(name: str) -> Database | None:
    scope = current_scope.get()
    while scope is not None:
        database = scope.named.get(name)
        if database is None and getattr(scope.database, "name", "") == name:
            database = scope.database
        if isinstance(database, Database):
            return database
        scope = scope.outer
    return None


async def _nothing() -> None:
    """What a portal does last that could not begin."""


def find_database() -> Database | None:
    """The current database, or None."""
    scope = current_scope.get()
    database = scope.database if scope is not None else None
    return database if isinstance(database, Database) else None


def get_database(name: str = "") -> Database:
    """The current database, or the site's other one of that name. Raises `NoDatabase`."""
    database = _find_named(name) if name else find_database()
    if database is None and name:
        raise NoDatabase(f"the site has no database {name}", fix=f"Database(others={{{name!r}: url}})")
    if database is None:
        raise NoDatabase(
            "there is no current database here",
            fix="Install the plugin, App(Database()), or write: async with Database(url): …",
        )
    return database
