"""The verbs of a connection, on one connection of APSW, in whatever thread it belongs to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice

import apsw

from bistro.db.drivers.protocol import Parameters, Row
from bistro.db.drivers.sqlite.faults import ERRORS, translate

STEPS_BETWEEN_LOOKS = 20_000
"""Steps of SQLite's machine between two looks at the clock; about a millisecond."""
LOCK_PAUSE_SECONDS_MAX = 0.005


class Statements:
    """Runs statements on one connection, with errors translated."""

    __slots__ = ("connection",)

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        try:
            return self.connection.execute(sql, parameters).fetchall()  # type: ignore[return-value]  # tuples
        except ERRORS as error:
            raise translate(error) from error

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed itself, without those of its triggers."""
        try:
            return count_changes(self.connection, sql, parameters)
        except ERRORS as error:
            raise translate(error) from error

    def execute_many(self, sql: str, rows: Sequence[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        try:
            return count_many(self.connection, sql, rows)
        except ERRORS as error:
            raise translate(error) from error

    def start(self, sql: str, parameters: Parameters) -> apsw.Cursor:
        """Begin a statement whose rows are read later, with `take`, up to `finish`."""
        try:
            return self.connection.execute(sql, parameters)
        except ERRORS as error:
            raise translate(error) from error

    def take(self, rows: apsw.Cursor, size: int) -> list[Row]:
        """The next rows of a statement that has been started."""
        try:
            return list(islice(rows, size))
        except ERRORS as error:
            raise translate(error) from error

    def finish(self, rows: apsw.Cursor) -> None:
        """Let go of a statement, however far it has been read."""
        rows.close(True)


def count_changes(connection: apsw.Connection, sql: str, parameters: Parameters) -> int:
    """Run a statement; how many rows it changed. Raises APSW's own errors."""
    before = connection.total_changes()
    connection.execute(sql, parameters).fetchall()
    # What changes nothing leaves the count of the statement before it.
    return connection.changes() if connection.total_changes() > before else 0


def count_many(connection: apsw.Connection, sql: str, rows: Sequence[Parameters]) -> int:
    """Run a statement for each of `rows`, all or none; how many there were. Raises APSW's own errors."""
    with connection:  # a savepoint, or a transaction where none has begun
        connection.executemany(sql, rows)
    return len(rows)


class GuardedStatements(Statements):
    """The same in a thread: a statement ends after its time, or when another thread calls `stop`."""

    __slots__ = (
        "_deadline",
        "_lock_deadline",
        "_running",
        "_stopped",
        "statement_seconds_max",
        "wait_seconds_max",
    )

    def __init__(
        self, connection: apsw.Connection, *, statement_seconds_max: float, wait_seconds_max: float
    ) -> None:
        """`wait_seconds_max`: for a lock that another process or thread holds."""
        super().__init__(connection)
        self.statement_seconds_max = statement_seconds_max or float("inf")
        self.wait_seconds_max = wait_seconds_max
        self._stopped: object = None
        self.begin(None)
        connection.set_progress_handler(self._must_stop, STEPS_BETWEEN_LOOKS)
        connection.set_busy_handler(self._wait_for_lock)

    def begin(self, running: object) -> None:
        """Give the next statement its full time; `running` names it for `stop`."""
        now = time.monotonic()
        self._running = running
        self._deadline = now + self.statement_seconds_max
        self._lock_deadline = now + self.wait_seconds_max

    def stop(self, running: object) -> None:
        """Let that statement fail soon, if it is still the one that runs."""
        self._stopped = running

    def _must_stop(self) -> bool:
        is_stopped = self._stopped is not None and self._stopped is self._running
        return is_stopped or time.monotonic() > self._deadline

    def _wait_for_lock(self, count: int) -> bool:
        # SQLite's own pauses grow to a tenth of a second; many short ones let a waiting writer in sooner.
        if self._must_stop() or time.monotonic() > self._lock_deadline:
            return False
        time.sleep(min(0.0005 * (count + 1), LOCK_PAUSE_SECONDS_MAX))
        return True
