"""Statements in the event loop itself, as long as they are short.

How it works. Most statements take a few microseconds, and handing one to a thread costs several
times as much. So each is begun here, with a budget of steps of SQLite's machine and without waiting
for any lock. One that uses up its budget is interrupted, one that meets a lock fails at once; both
have changed nothing, since each is a transaction of its own, and are run again in a thread. A
statement that was interrupted a few times goes to a thread from the start.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from bistro.db.drivers.protocol import Parameters, Row
from bistro.db.drivers.sqlite.faults import ERRORS, left_open, translate
from bistro.db.drivers.sqlite.statements import count_changes, count_many

STEPS_BETWEEN_TICKS = 1000
TICKS_MAX = 24
"""SQLite counts steps from one statement to the next, so that the first tick may come at once."""
INTERRUPTIONS_MAX = 3
SLOW_MAX = 1000
"""Slow statements to remember; then all are forgotten and found again."""
MANY_ROWS = 50


class InlineStatements:
    """Runs short statements; gives None for one that has to be run in a thread."""

    __slots__ = ("_connection", "_execute", "_interruptions", "_ticks_left")

    def __init__(self, connection: apsw.Connection) -> None:
        """`connection` must not wait for locks, and is used by the event loop's thread only."""
        self._connection = connection
        self._execute = connection.execute
        self._interruptions: dict[str, int] = {}
        self._ticks_left = 0
        connection.set_progress_handler(self._tick, STEPS_BETWEEN_TICKS)

    def fetch(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """All rows that a statement gives."""
        if sql in self._interruptions and self._is_slow(sql):
            return None
        self._ticks_left = TICKS_MAX
        try:
            rows = self._execute(sql, parameters).fetchall()
        except ERRORS as error:
            self._give_up(sql, error)
            return None
        if self._connection.in_transaction:
            self._refuse_transaction()
        return rows  # type: ignore[return-value]  # tuples

    def execute(self, sql: str, parameters: Parameters) -> int | None:
        """Run a statement; the number of rows that it changed."""
        if sql in self._interruptions and self._is_slow(sql):
            return None
        self._ticks_left = TICKS_MAX
        try:
            count = count_changes(self._connection, sql, parameters)
        except ERRORS as error:
            self._give_up(sql, error)
            return None
        if self._connection.in_transaction:
            self._refuse_transaction()
        return count

    def execute_many(self, sql: str, rows: Sequence[Parameters]) -> int | None:
        """Run a statement once for each of a few rows, all or none."""
        if len(rows) > MANY_ROWS or (sql in self._interruptions and self._is_slow(sql)):
            return None
        self._ticks_left = TICKS_MAX
        try:
            return count_many(self._connection, sql, rows)
        except ERRORS as error:
            self._give_up(sql, error)
            return None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _tick(self) -> bool:
        self._ticks_left -= 1
        return self._ticks_left < 0

    def _is_slow(self, sql: str) -> bool:
        return self._interruptions[sql] >= INTERRUPTIONS_MAX

    def _refuse_transaction(self) -> None:
        """Undo what a statement has begun: the next task's statements would be part of it."""
        self._connection.execute("rollback")
        raise left_open()

    def _give_up(self, sql: str, error: BaseException) -> None:
        if isinstance(error, apsw.InterruptError):
            if len(self._interruptions) >= SLOW_MAX:
                self._interruptions.clear()
            self._interruptions[sql] = self._interruptions.get(sql, 0) + 1
        elif not isinstance(error, (apsw.BusyError, apsw.LockedError)):
            raise translate(error) from error
