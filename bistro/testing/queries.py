"""How many statements a piece of code runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bistro.db import Database, Statement, WatchedDriver, get_database, shorten


class Statements:
    """The statements that were run within a block, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._asked_by: list[str] = []

    def note(self, statement: Statement) -> None:
        """Keep a statement and the line that asked for it."""
        origin = statement.find_origin()
        self.seen.append(statement.sql)
        self._asked_by.append(f"{origin.file}:{origin.line}")

    def __len__(self) -> int:
        return len(self.seen)

    def __str__(self) -> str:
        lines = zip(self._asked_by, self.seen, strict=True)
        return "\n".join(f"  {place}   {shorten(sql)}" for place, sql in lines)


@contextmanager
def assert_queries(
    exactly: int | None = None, *, at_most: int | None = None, using: Database | None = None
) -> Iterator[Statements]:
    """Fail unless the block runs so many statements on the current database, whoever asks for them.

        with assert_queries(2):
            client.get("/notes")

    The failure lists them, each with the line that asked. What begins and ends transactions is not
    counted. A number can be left out, to look at what `as` gives.
    """
    database = using or get_database()
    statements = Statements()
    driver = database.driver
    database.driver = WatchedDriver(driver, statements.note)
    try:
        yield statements
    finally:
        database.driver = driver
    count = len(statements)
    if exactly is not None and count != exactly:
        raise AssertionError(f"{count} statements were run, not {exactly}:\n{statements}")
    if at_most is not None and count > at_most:
        raise AssertionError(f"{count} statements were run, more than {at_most}:\n{statements}")
