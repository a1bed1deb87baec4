"""What Bistro needs of a database driver; a third one would be a package that has these.

SQL text has the placeholders of the driver: `?` for SQLite, `$1` for PostgreSQL. Every error that
a method raises is one of `bistro/db/errors.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeAlias  # Any: a column has values of any type

from msgspec import Struct

Dialect = Literal["sqlite", "postgresql"]
Isolation = Literal["read committed", "repeatable read", "serializable"]
Parameters: TypeAlias = Sequence[Any]
Row: TypeAlias = Sequence[Any]
"""The values of the columns, in order: a tuple, or what behaves like one."""


class Connection(Protocol):
    """What runs statements: a driver, each in a transaction of its own; or a transaction."""

    def fetch(self, sql: str, parameters: Parameters = ()) -> Awaitable[list[Row]]:
        """All rows that a statement gives; also of one that changes something and has RETURNING."""
        ...

    def execute(self, sql: str, parameters: Parameters = ()) -> Awaitable[int]:
        """Run a statement; the number of rows that it changed."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> Awaitable[int]:
        """Run a statement once for each of `rows`, all or none; how many there were."""
        ...

    def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches, so that a large result is never in memory as a whole."""
        ...


class TransactionConnection(Connection, Protocol):
    """A connection that belongs to one transaction, which it begins with its first statement."""

    async def savepoint(self, name: str) -> None:
        """Begin a part that can be undone by itself; `name` is an identifier."""
        ...

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since `savepoint(name)`."""
        ...

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since `savepoint(name)`."""
        ...

    async def commit(self) -> None:
        """Keep everything, and give the connection back."""
        ...

    async def rollback(self) -> None:
        """Undo everything, and give the connection back; never raises."""
        ...


class DriverStatistics(Struct, frozen=True):
    """What a driver holds at this moment."""

    connections: int
    in_use: int
    waiting: int
    connections_max: int


class Change(Struct, frozen=True):
    """A row that has changed, as far as is known.

    `kind` is "unknown" where more may have changed than can be told: another process wrote into a
    SQLite file, a connection was lost, or more came than was read. `key` is the row's whole number
    or, in PostgreSQL, its primary key as JSON has it; None where it is not known.
    """

    table: str
    kind: Literal["insert", "update", "delete", "unknown"]
    key: Any = None


class Driver(Connection, Protocol):
    """One database. As a connection it commits each statement by itself."""

    dialect: Dialect

    async def open(self) -> None:
        """Get ready for statements. Raises `DatabaseUnavailable` where that is no use."""
        ...

    async def close(self) -> None:
        """Finish what is in hand and let go of everything."""
        ...

    def begin(self, *, isolation: Isolation | None = None, read_only: bool = False) -> TransactionConnection:
        """A transaction. It costs nothing before its first statement."""
        ...

    def subscribe(self, table: str, key: str) -> AbstractAsyncContextManager[asyncio.Queue[Change]]:
        """The changes of a table from here on; `key` is the column of its primary key, if it has one."""
        ...

    async def raw(self, function: Callable[[Any], Any]) -> Any:
        """What `function` gives of a connection of the library below, outside of any transaction."""
        ...

    async def check(self) -> None:
        """Return if a statement would be answered now. Raises `DatabaseUnavailable`."""
        ...

    def statistics(self) -> DriverStatistics:
        """How many connections there are, and what they do."""
        ...
