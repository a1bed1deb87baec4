"""What has changed in a SQLite file: by this process row by row, by others as a whole.

How it works. While somebody listens, SQLite calls a function for each row that is changed; behind
the commit the rows are told. What other processes write is seen by a counter of the file, which is
looked at a few times a second; it also counts what this process writes in transactions, so that
"unknown" may come once more for those.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apsw

from bistro.db.drivers.protocol import Change
from bistro.db.drivers.sqlite.inline import InlineStatements
from bistro.db.drivers.sqlite.statements import Statements
from bistro.db.drivers.sqlite.writer import Writer
from bistro.db.drivers.subscribers import Subscribers

LOOK_SECONDS = 0.25
KINDS = {apsw.SQLITE_INSERT: "insert", apsw.SQLITE_UPDATE: "update", apsw.SQLITE_DELETE: "delete"}


class PendingChanges:
    """The changed rows of one connection that are not committed yet."""

    def __init__(self) -> None:
        self.rows: list[Change] = []

    def listen(self, connection: apsw.Connection) -> None:
        """Take note of each row that `connection` changes."""
        connection.set_update_hook(self._note)
        connection.set_rollback_hook(self.rows.clear)

    def ignore(self, connection: apsw.Connection) -> None:
        """Take no more notes."""
        connection.set_update_hook(None)
        connection.set_rollback_hook(None)
        self.rows.clear()

    def take(self) -> list[Change]:
        """The rows, which are committed now."""
        rows = list(self.rows)
        self.rows.clear()
        return rows

    def _note(self, kind: int, _: str, table: str, row: int) -> None:
        self.rows.append(Change(table, KINDS[kind], row))  # type: ignore[arg-type]  # one of the three


class ChangeFeed:
    """Tells the changes of one file, as long as anybody listens."""

    def __init__(self, connection: apsw.Connection, inline: InlineStatements, writer: Writer) -> None:
        """`connection`: that of the event loop, on which `inline` runs."""
        self._connection = connection
        self._inline = inline
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._subscribers = Subscribers()
        self._own, self._writers = PendingChanges(), PendingChanges()
        self._looking: asyncio.TimerHandle | None = None
        self._version: object = None

    @asynccontextmanager
    async def subscribe(self, table: str) -> AsyncIterator[asyncio.Queue[Change]]:
        """A queue of the changes of `table`."""
        if not self._subscribers:
            await self._begin()
        queue = self._subscribers.add(table)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
            if not self._subscribers:
                await self._end()

    def after_own_commit(self) -> None:
        """Tell what the event loop's connection has committed."""
        if self._own.rows:
            self._loop.call_soon(self._subscribers.publish, self._own.take())

    def after_writers_commit(self) -> None:
        """Tell what the writing thread has committed; called there."""
        if self._writers.rows:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._subscribers.publish, self._writers.take())

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _begin(self) -> None:
        self._own.listen(self._connection)
        await self._writer.run(_listen, self._writers)
        self._version = self._read_version()
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look)

    async def _end(self) -> None:
        self.close()
        self._own.ignore(self._connection)
        await self._writer.run(_ignore, self._writers)

    def _look(self) -> None:
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look)
        version = self._read_version()
        if version != self._version:
            self._version = version
            self._subscribers.publish_unknown()

    def _read_version(self) -> object:
        return self._inline.fetch("pragma data_version", ())


def _listen(statements: Statements, pending: PendingChanges) -> None:
    pending.listen(statements.connection)


def _ignore(statements: Statements, pending: PendingChanges) -> None:
    pending.ignore(statements.connection)
