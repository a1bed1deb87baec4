"""One transaction: who may use it, and what happens after its commit."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import (  # Any: what a coroutine yields is between it and its event loop
    Any,
    Literal,
    NamedTuple,
    TypeVar,
)

from bistro.db.drivers.protocol import Parameters, Row, TransactionConnection
from bistro.db.errors import IntegrityError, SerializationFailure, TransactionError

Result = TypeVar("Result")
AfterCommit = Callable[[], Awaitable[object] | object]
_logger = logging.getLogger("bistro.db")


class Part(NamedTuple):
    """A part of a transaction: its savepoint, and how many functions waited for the end before it."""

    name: str
    after_commit: int
    after_rollback: int


class Transaction:
    """Statements that are kept together or not at all. Made by `transaction()`.

    It belongs to the task that began it. Another task can be let in with `transaction.share()`.
    """

    def __init__(self, connection: TransactionConnection, *, name: str, is_implicit: bool = False) -> None:
        """`name`: that of its database, for messages. `is_implicit`: nobody wrote it down."""
        self.name = name
        self.is_implicit = is_implicit
        self.state: Literal["open", "committed", "rolled back"] = "open"
        self._connection = connection
        self._after_commit: list[AfterCommit] = []
        self._after_rollback: list[AfterCommit] = []
        self._savepoints = 0
        self._parts_open = 0
        self.is_untouched = True
        """Whether nothing has been asked in it yet."""
        self._tasks: frozenset[asyncio.Task[Any] | None] = frozenset((asyncio.current_task(),))
        self._lock: AbstractAsyncContextManager[Any] = nullcontext()

    @property
    def is_written_down(self) -> bool:
        """Whether somebody asked for it, as a whole or for a part that is open: `transaction()`."""
        return not self.is_implicit or self._parts_open > 0

    # --- statements ---------------------------------------------------------------------------------

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a statement gives."""
        self._use()
        async with self._lock:
            return await self._connection.fetch(sql, parameters)

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        self._use()
        async with self._lock:
            return await self._connection.execute(sql, parameters)

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement once for each of `rows`, all or none."""
        self._use()
        async with self._lock:
            return await self._connection.execute_many(sql, rows)

    async def iterate(
        self, sql: str, parameters: Parameters = (), *, batch_size: int = 500
    ) -> AsyncIterator[list[Row]]:
        """The rows in batches; other statements may run between two batches."""
        self._use()
        batches = self._connection.iterate(sql, parameters, batch_size=batch_size)
        while True:
            async with self._lock:
                batch = await anext(batches, None)
            if batch is None:
                return
            yield batch

    # --- who may use it -----------------------------------------------------------------------------

    @contextmanager
    def share(self) -> Iterator[None]:
        """Let this task take part, within `with`; statements of several tasks wait for each other."""
        self._check_open()
        if not isinstance(self._lock, asyncio.Lock):
            self._lock = asyncio.Lock()
        newcomers = {asyncio.current_task()} - self._tasks
        self._tasks |= newcomers
        try:
            yield
        finally:
            self._tasks -= newcomers

    def is_open_here(self) -> bool:
        """Whether this very task may use it; tasks that it begins may not, unless they `share`.

        A thread without an event loop may: it was handed the context of who waits for it (`sync`).
        """
        if self.state != "open":
            return False
        try:
            return asyncio.current_task() in self._tasks
        except RuntimeError:
            return True

    # --- parts and ends -----------------------------------------------------------------------------

    async def begin_part(self) -> Part:
        """Begin a part that can be undone by itself (a savepoint); hand what comes back to its end."""
        self._use()
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        async with self._lock:
            await self._connection.savepoint(name)
        self._parts_open += 1
        return Part(name, len(self._after_commit), len(self._after_rollback))

    async def keep_part(self, part: Part) -> None:
        """Keep a part as long as the whole is kept."""
        self._check_open()
        self._parts_open -= 1
        async with self._lock:
            await self._connection.release_savepoint(part.name)

    async def undo_part(self, part: Part) -> None:
        """Undo a part, also what it wanted to happen after the commit."""
        self._parts_open -= 1
        del self._after_commit[part.after_commit :]
        try:
            if self.state == "open":
                async with self._lock:
                    await self._connection.rollback_to_savepoint(part.name)
        finally:
            await self._tell_undone(part.after_rollback)

    def after_commit(self, function: AfterCommit) -> None:
        """Call (or await) `function` once the whole has been committed; never if it is not."""
        self._check_open()
        self._after_commit.append(function)

    def after_rollback(self, function: AfterCommit) -> None:
        """Call (or await) `function` once the whole, or the part at hand, is undone; never if it is kept."""
        self._check_open()
        self._after_rollback.append(function)

    async def commit(self) -> None:
        """Keep everything, then do what waited for it."""
        self._check_open()
        self.state = "rolled back"  # unless what follows comes back
        try:
            async with self._lock:
                await self._connection.commit()
        except (IntegrityError, SerializationFailure):
            # Any other failure leaves open whether it was kept after all.
            await self._tell_undone()
            raise
        self.state = "committed"
        for function in self._after_commit:
            await run_after_commit(function)

    async def rollback(self) -> None:
        """Undo everything."""
        if self.state == "open":
            self.state = "rolled back"
            try:
                await _to_its_end(self._connection.rollback())
            finally:
                await self._tell_undone()

    async def _tell_undone(self, first: int = 0) -> None:
        functions = self._after_rollback[first:]
        if functions:
            del self._after_rollback[first:]
            await _to_its_end(_call_all(functions[::-1]))

    def begin_again(self, connection: TransactionConnection) -> None:
        """Be another transaction instead; only as long as it is untouched."""
        self._connection = connection

    def _use(self) -> None:
        self._check_open()
        self.is_untouched = False

    def _check_open(self) -> None:
        if self.state != "open":
            raise TransactionError(
                f"the transaction of the database {self.name} is {self.state}",
                fix="Use it within its `async with` only.",
            )


async def _call_all(functions: Iterable[AfterCommit]) -> None:
    for function in functions:
        await run_after_commit(function, "a rollback")


async def run_after_commit(function: AfterCommit, end: str = "a commit") -> None:
    """Call or await `function`; what goes wrong is logged, as the end of the transaction stands."""
    try:
        result = function()
        if inspect.isawaitable(result):
            await result
    except Exception:
        _logger.exception("what was to happen after %s failed", end)


async def _to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for `work`, which goes on to its end even if this task is cancelled meanwhile."""
    return await asyncio.shield(asyncio.ensure_future(work))
