"""Transactions on a SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any  # Any: the result of a verb depends on the verb

from bistro.db.drivers.protocol import Parameters, Row
from bistro.db.drivers.sqlite.faults import ERRORS, translate
from bistro.db.drivers.sqlite.jobs import Job
from bistro.db.drivers.sqlite.readers import Readers
from bistro.db.drivers.sqlite.statements import GuardedStatements, Statements
from bistro.db.drivers.sqlite.writer import UNDONE, Held, Last, Writer, do_nothing
from bistro.db.errors import TransactionError


class SqliteTransaction:
    """What both kinds of transactions have in common; `_run` is where they differ."""

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        return await self._run(Statements.fetch, sql, parameters)  # type: ignore[no-any-return]  # rows

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return await self._run(Statements.execute, sql, parameters)  # type: ignore[no-any-return]  # a count

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        return await self._run(Statements.execute_many, sql, list(rows))  # type: ignore[no-any-return]  # a count

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches."""
        rows = await self._run(Statements.start, sql, parameters)
        try:
            while batch := await self._run(Statements.take, rows, batch_size):
                yield batch
        finally:
            await self._run(Statements.finish, rows)

    async def savepoint(self, name: str) -> None:
        """Begin a part that can be undone by itself."""
        await self.execute(f'savepoint "{name}"')

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since `savepoint(name)`."""
        await self.execute(f'release "{name}"')

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since `savepoint(name)`."""
        await self.execute(f'rollback to "{name}"; release "{name}"')

    async def _run(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        raise NotImplementedError


class WritingTransaction(SqliteTransaction):
    """Holds the writing thread from its first statement to its end."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._held: Held | None = None

    async def commit(self) -> None:
        """Keep everything."""
        held = self._held
        if held is not None and not held.is_over:
            await self._writer.follow(held, Last(asyncio.get_running_loop(), _commit))

    async def rollback(self) -> None:
        """Undo everything."""
        held = self._held
        if held is None or held.is_over:
            return
        last = Last(asyncio.get_running_loop(), do_nothing)
        if held.has_begun:
            await self._writer.follow(held, last)
        else:
            # Its first statement was given up while it waited; should the thread be about to begin
            # it at this moment, it finds its end at once.
            held.jobs.put(last)

    async def _run(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        held = self._held
        if held is None or held.is_over:
            self._held = Held(loop, _begin_with, verb, *arguments)
            return await self._writer.wait(self._held)
        return await self._writer.follow(held, Job(loop, verb, *arguments))


class ReadingTransaction(SqliteTransaction):
    """Sees the same state of everything, from its first statement to its end."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._statements: GuardedStatements | None = None

    async def commit(self) -> None:
        """End it."""
        await self.rollback()

    async def rollback(self) -> None:
        """End it."""
        statements, self._statements = self._statements, None
        if statements is not None:
            try:
                await self._readers.run_on(statements, _roll_back)
            finally:
                self._readers.give_back(statements)

    async def _run(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        if self._statements is None:
            self._statements = await self._readers.lease()
            await self._readers.run_on(self._statements, Statements.execute, "begin")
        return await self._readers.run_on(self._statements, verb, *arguments)


def _begin_with(statements: Statements, verb: Callable[..., Any], *arguments: Any) -> Any:
    # At once for writing: one that begins as a reader could not become the writer when another
    # has written in between.
    statements.execute("begin immediate")
    return verb(statements, *arguments)


def _commit(statements: Statements) -> None:
    if not statements.connection.in_transaction:
        raise TransactionError(UNDONE)
    try:
        statements.connection.execute("commit")
    except ERRORS as error:
        raise translate(error) from error


def _roll_back(statements: Statements) -> None:
    if statements.connection.in_transaction:
        statements.connection.execute("rollback")
