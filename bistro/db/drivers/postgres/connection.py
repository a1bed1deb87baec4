"""One connection to PostgreSQL: its prepared statements, and what state it is in."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NoReturn  # Any: asyncpg ships no types

import asyncpg
import msgspec

from bistro.db.drivers.postgres.faults import ERRORS, translate
from bistro.db.drivers.protocol import Parameters, Row
from bistro.db.drivers.reading import is_reading

STATEMENTS_MAX = 256
"""Statements that each connection keeps prepared; the oldest goes first."""
CLOSE_SECONDS = 5.0
REPEATS_MAX = 3
STOPPED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""The server has undone a statement because of another transaction, so that the other could go on."""


class PostgresConnection:
    """Runs statements on one connection, each prepared once; errors are translated."""

    __slots__ = ("_keeps_prepared", "is_dirty", "is_lost", "prepared", "raw", "run", "since", "used_at")

    def __init__(self, raw: Any, *, keeps_prepared: bool = True) -> None:
        self.raw = raw
        self._keeps_prepared = keeps_prepared
        self.prepared: dict[str, Any] = {}
        # What PreparedStatement.fetch comes to, without its layers of checks, which a pool has made.
        self.run: Callable[..., Awaitable[tuple[list[Row], bytes, bool]]] = raw._protocol.bind_execute
        self.is_dirty = False
        """Whether a statement left something behind that the next user must not meet."""
        self.is_lost = False
        """Whether it can't be used any more."""
        self.since = 0.0
        """When the statement that runs began, in the loop's seconds; 0 while none does."""
        self.used_at = 0.0

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        try:
            statement = self.prepared.get(sql) or await self.prepare(sql)
            return (await self.run(statement._state, parameters, "", 0, True, None))[0]
        except BaseException as error:  # noqa: BLE001 - also a cancellation tells of the connection
            return (await self.repeat(sql, parameters, error))[1]

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        try:
            if not parameters:
                # Without preparing: there may be several statements in the text.
                self.is_dirty = self.is_dirty or leaves_something(sql)
                return count_of(await self.raw.execute(sql))
            statement = self.prepared.get(sql) or await self.prepare(sql)
            done = await self.run(statement._state, parameters, "", 0, True, None)
            return count_of(done[1].decode())
        except BaseException as error:  # noqa: BLE001 - also a cancellation tells of the connection
            return count_of((await self.repeat(sql, parameters, error))[0].get_statusmsg())

    async def execute_many(self, sql: str, rows: list[Parameters]) -> None:
        """Run a statement once for each of `rows`, all or none."""
        with self._faults():
            await self.raw.executemany(sql, rows)

    async def command(self, sql: str) -> str:
        """Run a statement that begins or ends a transaction; what the server says of it."""
        with self._faults():
            return await self.raw.execute(sql)  # type: ignore[no-any-return]  # a text

    async def call_raw(self, function: Callable[[Any], Any]) -> Any:
        """What `function` gives of asyncpg's connection; awaited where it can be."""
        with self._faults():
            result = function(self.raw)
            return await result if inspect.isawaitable(result) else result

    async def open_cursor(self, sql: str, parameters: Parameters) -> Any:
        """A cursor for the rows of a statement, within a transaction."""
        with self._faults():
            statement = self.prepared.get(sql) or await self.prepare(sql)
            return await statement.cursor(*parameters)

    async def take(self, cursor: Any, size: int) -> list[Row]:
        """The next rows of a cursor."""
        with self._faults():
            return await cursor.fetch(size)  # type: ignore[no-any-return]  # rows

    async def prepare(self, sql: str) -> Any:
        """The prepared statement for `sql`, kept for the next time."""
        statement = await self.raw.prepare(sql)
        self.is_dirty = self.is_dirty or leaves_something(sql)
        if self.is_dirty or not self._keeps_prepared:
            return statement
        if len(self.prepared) >= STATEMENTS_MAX:
            # asyncpg closes it on the server once nobody holds it.
            del self.prepared[next(iter(self.prepared))]
        self.prepared[sql] = statement
        return statement

    def is_usable(self) -> bool:
        """Whether it is open, as far as anybody has noticed."""
        return not (self.is_lost or self.raw.is_closed())

    def is_clean(self) -> bool:
        """Whether the next user meets nothing of this one: no setting, no lock, no transaction left open."""
        return not (self.is_lost or self.is_dirty or self.raw.is_in_transaction())

    async def close(self) -> None:
        """End it; a statement that runs is cancelled on the server first."""
        try:
            await self.raw.close(timeout=CLOSE_SECONDS)
        except ERRORS:
            self.raw.terminate()

    async def repeat(self, sql: str, parameters: Parameters, error: BaseException) -> tuple[Any, list[Row]]:
        """Try again where that is safe and may help, else raise; the statement and its rows."""
        for _ in range(REPEATS_MAX):
            if not await self._may_repeat(sql, error):
                break
            try:
                statement = self.prepared.get(sql) or await self.prepare(sql)
                return statement, await statement.fetch(*parameters)
            except BaseException as another:  # noqa: BLE001 - also a cancellation tells of the connection
                error = another
        return self._fail(error)

    async def _may_repeat(self, sql: str, error: BaseException) -> bool:
        if isinstance(error, STOPPED):
            # By itself it was a transaction of its own, of which nothing is left.
            return is_one_statement(sql) and not self.raw.is_in_transaction()
        is_outdated = isinstance(error, asyncpg.InvalidCachedStatementError)
        if isinstance(error, asyncpg.OutdatedSchemaCacheError):
            # A type of rows has changed. The statement has been run, only its rows could not be read.
            self.prepared.clear()
            with self._faults():
                await self.raw.reload_schema_state()
            is_outdated = is_reading(sql)
        if not is_outdated or self.raw.is_in_transaction():
            return False
        self.prepared.clear()  # the tables have changed since it was prepared
        return True

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - also a cancellation tells of the connection
            self._fail(error)

    def _fail(self, error: BaseException) -> NoReturn:
        """Raise the error as one of Bistro; note what it says about the connection."""
        if not isinstance(error, Exception):
            self.is_lost = True  # cancelled in the middle: what the server does now nobody knows
        if not isinstance(error, ERRORS):
            raise error
        self.is_lost = self.is_lost or self.raw.is_closed()
        raise translate(error) from error


async def connect(options: Mapping[str, Any], *, keeps_prepared: bool = True) -> PostgresConnection:
    """A new connection, with JSON as Python values. Raises `DatabaseUnavailable`."""
    try:
        raw = await asyncpg.connect(**options)
        for name in ("json", "jsonb"):
            await raw.set_type_codec(
                name, schema="pg_catalog", encoder=encode_json, decoder=msgspec.json.decode
            )
    except (*ERRORS, ValueError) as error:
        raise translate(error) from error
    return PostgresConnection(raw, keeps_prepared=keeps_prepared)


def encode_json(value: object) -> str:
    """A value as JSON text, for a column of type json or jsonb."""
    return msgspec.json.encode(value).decode()


def count_of(status: str | None) -> int:
    """The number of rows in what the server says of a statement, e.g. `UPDATE 3` or `INSERT 0 1`."""
    last = (status or "").rpartition(" ")[2]
    return int(last) if last.isdigit() and not (status or "").startswith("SELECT") else 0


@lru_cache(maxsize=1024)
def leaves_something(sql: str) -> bool:
    """Whether a statement may change the connection itself, beyond its own transaction."""
    return _LEAVES_SOMETHING(sql) is not None


@lru_cache(maxsize=1024)
def is_one_statement(sql: str) -> bool:
    """Whether a text is a single statement on rows; False where that is not sure."""
    return _BEGINS_ON_ROWS(sql) is not None and ";" not in sql


_BEGINS_ON_ROWS = re.compile(r"\s*(?:select|insert|update|delete|merge|with)\b", re.IGNORECASE).match
_LEAVES_SOMETHING = re.compile(
    r"^\s*(?:set(?!\s+(?:local|transaction)\b)|reset|listen|unlisten|load|prepare|deallocate|declare|discard)\b"
    r"|\bset_config\s*\(|\bpg_(?:try_)?advisory_lock|\bcreate\s+(?:\w+\s+)?temp",
    re.IGNORECASE,
).search
