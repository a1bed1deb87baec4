"""A SQLite file as a database of Bistro.

How it works. Statements run in the event loop while they are short (`inline.py`); the others in
threads: what reads in a few reading ones (`readers.py`), what writes in the one writing thread
(`writer.py`), in which transactions live as well. Another thread moves the log into the file
(`checkpoints.py`). With several processes it is the same: a lock that another one holds sends a
statement to the writing thread, which waits for it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from bistro.db.drivers.protocol import Change, Dialect, DriverStatistics, Isolation, Parameters, Row
from bistro.db.drivers.reading import is_reading
from bistro.db.drivers.sqlite.changes import ChangeFeed
from bistro.db.drivers.sqlite.checkpoints import Checkpoints
from bistro.db.drivers.sqlite.connect import connect
from bistro.db.drivers.sqlite.faults import ERRORS, translate
from bistro.db.drivers.sqlite.inline import InlineStatements
from bistro.db.drivers.sqlite.readers import READERS_MAX, Readers
from bistro.db.drivers.sqlite.statements import GuardedStatements, Statements
from bistro.db.drivers.sqlite.transaction import ReadingTransaction, WritingTransaction
from bistro.db.drivers.sqlite.writer import Writer
from bistro.db.errors import DatabaseError, DatabaseUnavailable
from bistro.ground.concurrency import run_in_thread

CONNECTIONS_MAX = 2 + READERS_MAX


class SqliteDriver:
    """Runs statements on a file; `path` None is a database that ends with `close`."""

    dialect: Dialect = "sqlite"

    def __init__(
        self, path: Path | None, *, wait_seconds_max: float = 5.0, statement_seconds_max: float = 30.0
    ) -> None:
        """`wait_seconds_max`: for a lock. `statement_seconds_max`: 0 for no limit."""
        self._path = path
        self._folder: Path | None = None
        self._wait_seconds_max = wait_seconds_max
        self._statement_seconds_max = statement_seconds_max
        self._file: OpenFile | None = None

    async def open(self) -> None:
        """Open the file; make it where there is none. Raises `DatabaseUnavailable`."""
        path = self._path
        if path is None:
            self._folder = make_folder_in_memory()
            path = self._folder / "memory.sqlite3"
        self._file = OpenFile(path, self._statement_seconds_max, self._wait_seconds_max)

    async def close(self) -> None:
        """Finish what is in hand and close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.feed.close()
            file.inline.close()
            await run_in_thread(file.close_threads)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    # --- statements, each by itself -----------------------------------------------------------------

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        file = self._file or self._fail()
        rows = file.inline.fetch(sql, parameters)
        if rows is None:
            return await file.run_in_thread(sql, Statements.fetch, sql, parameters)  # type: ignore[no-any-return]  # rows
        return rows

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        file = self._file or self._fail()
        count = file.inline.execute(sql, parameters)
        if count is None:
            return await file.run_in_thread(sql, Statements.execute, sql, parameters)  # type: ignore[no-any-return]  # a count
        return count

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        file = self._file or self._fail()
        given = list(rows)
        count = file.inline.execute_many(sql, given)
        if count is None:
            return await file.run_in_thread(sql, Statements.execute_many, sql, given)  # type: ignore[no-any-return]  # a count
        return count

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches, all as they were at the beginning."""
        readers = (self._file or self._fail()).readers
        # A connection of its own: others must not be kept at the state that this one sees.
        statements = await readers.lease()
        try:
            rows = await readers.run_on(statements, Statements.start, sql, parameters)
            try:
                while batch := await readers.run_on(statements, Statements.take, rows, batch_size):
                    yield batch
            finally:
                await readers.run_on(statements, Statements.finish, rows)
        finally:
            readers.give_back(statements)

    def begin(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> ReadingTransaction | WritingTransaction:
        """A transaction; in SQLite all of them are serializable."""
        file = self._file or self._fail()
        return ReadingTransaction(file.readers) if read_only else WritingTransaction(file.writer)

    # Any: APSW's connection goes in, and whatever the function gives comes out.
    async def raw(self, function: Callable[[Any], Any]) -> Any:
        """What `function` gives of the writing thread's APSW connection; it may block there."""
        return await (self._file or self._fail()).writer.run(_call_raw, function)

    @asynccontextmanager
    async def subscribe(self, table: str, key: str) -> AsyncIterator[asyncio.Queue[Change]]:
        """The changes of a table from here on; those of other processes as "unknown", a moment later."""
        async with (self._file or self._fail()).feed.subscribe(table) as queue:
            yield queue

    # --- the whole ----------------------------------------------------------------------------------

    async def check(self) -> None:
        """Return if the file can be read. Raises `DatabaseUnavailable`."""
        try:
            await self.fetch("select count(*) from sqlite_master")
        except DatabaseError as error:
            raise DatabaseUnavailable(str(error)) from error

    def statistics(self) -> DriverStatistics:
        """The connections: one in the loop, one that writes, those that read in threads."""
        file = self._file
        if file is None:
            return DriverStatistics(0, 0, 0, CONNECTIONS_MAX)
        readers, writer = file.readers, file.writer
        in_use = readers.in_use + writer.is_held
        return DriverStatistics(2 + readers.count, in_use, writer.waiting_count, CONNECTIONS_MAX)

    def _fail(self) -> NoReturn:
        raise DatabaseUnavailable(f"the database {self._path or 'in memory'} is not open")


# Any: what the function of the site gives is handed on.
def _call_raw(statements: Statements, function: Callable[[Any], Any]) -> Any:
    try:
        return function(statements.connection)
    except ERRORS as error:
        raise translate(error) from error


class OpenFile:
    """Everything that works on an open file: the loop's connection, and the threads with theirs."""

    def __init__(self, path: Path, statement_seconds_max: float, wait_seconds_max: float) -> None:
        self._path = path
        self._statement_seconds_max = statement_seconds_max
        self._wait_seconds_max = wait_seconds_max
        connection = connect(path)
        self.checkpoints = Checkpoints(connect(path))
        self.inline = InlineStatements(connection)
        writing = self._guarded()
        self.writer = Writer(writing, asyncio.get_running_loop())
        self.feed = ChangeFeed(connection, self.inline, self.writer)
        self.checkpoints.watch(connection, self.feed.after_own_commit)
        self.checkpoints.watch(writing.connection, self.feed.after_writers_commit)
        self.readers = Readers(self._guarded_reading, wait_seconds_max=wait_seconds_max)

    # Any: the result of a verb depends on the verb.
    async def run_in_thread(self, sql: str, verb: Callable[..., Any], *arguments: Any) -> Any:
        """The result of `verb` in the thread for statements such as `sql`."""
        return await (self.readers if is_reading(sql) else self.writer).run(verb, *arguments)

    def close_threads(self) -> None:
        """Do what waits and end the threads. Blocks."""
        self.readers.close()
        self.writer.close()
        self.checkpoints.close()

    def _guarded(self) -> GuardedStatements:
        return GuardedStatements(
            connect(self._path),
            statement_seconds_max=self._statement_seconds_max,
            wait_seconds_max=self._wait_seconds_max,
        )

    def _guarded_reading(self) -> GuardedStatements:
        statements = self._guarded()
        statements.connection.execute("pragma query_only = on")
        return statements


def make_folder_in_memory() -> Path:
    """A new folder in memory, where the system has such folders.

    Memory that several connections share locks readers out while one writes; a file there behaves
    like every other database.
    """
    shared = Path("/dev/shm")  # noqa: S108 - the folder in it has a name of its own
    return Path(tempfile.mkdtemp(prefix="bistro-", dir=shared if shared.is_dir() else None))
