"""The same database without `await`: for `def` handlers, scripts, the shell and notebooks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from types import FrameType
from typing import TypeVar, overload

from bistro.db.current import current_scope
from bistro.db.database import Database, get_database
from bistro.db.errors import DatabaseError, DatabaseUnavailable, TransactionError
from bistro.db.transaction import Transaction

Result = TypeVar("Result")


@overload
def sync(work: AsyncIterator[Result], *, using: Database | None = None) -> Iterator[Result]:
    """The items of `work` as a plain iterator."""


@overload
def sync(work: Awaitable[Result], *, using: Database | None = None) -> Result:
    """The result of `work`."""


def sync(
    work: Awaitable[Result] | AsyncIterator[Result], *, using: Database | None = None
) -> Result | Iterator[Result]:
    """Wait for a query, or anything else that is awaited, and return its result.

        @app.get("/notes", …)
        def notes() -> list[Note]:
            return sync(Note.objects.all())

    What iterates asynchronously becomes a plain iterator. It works wherever there is no event loop
    to wait in: in a `def` handler, which has the database of its request and takes part in its
    transaction, and within `with Database(url):`. Raises `TransactionError` in `async` code, which
    must `await`, and `NoDatabase`.
    """
    if isinstance(work, AsyncIterator):
        return _iterate(work, using)
    return _wait_for(work, using)


def _iterate(items: AsyncIterator[Result], using: Database | None) -> Iterator[Result]:
    end = object()

    async def take() -> object:
        return await anext(items, end)

    while (item := _wait_for(take(), using)) is not end:
        yield item  # type: ignore[misc]  # it is not the end, so it is an item


def _wait_for(work: Awaitable[Result], using: Database | None) -> Result:
    try:
        loop = _find_loop(using or get_database())
    except DatabaseError:
        if asyncio.iscoroutine(work):
            work.close()
        raise
    work_here = take_part(work, _find_open(), sys._getframe(2))
    future = asyncio.run_coroutine_threadsafe(work_here, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _find_loop(database: Database) -> asyncio.AbstractEventLoop:
    if database.loop is None:
        raise DatabaseUnavailable(f"the database {database.name} is not open")
    if _is_in_loop():
        raise TransactionError("sync() can't wait within an event loop", fix="Write await instead.")
    return database.loop


async def take_part(
    work: Awaitable[Result],
    whole: Transaction | None,
    asker: FrameType,  # noqa: ARG001 - see below
) -> Result:
    """Wait for `work` in the transaction that the waiting thread is in.

    `asker` is for `Statement.find_origin`, which finds it here: the waiting thread's own stack is
    not beneath this coroutine.
    """
    if whole is None:
        return await work
    with whole.share():
        return await work


def _find_open() -> Transaction | None:
    scope = current_scope.get()
    while scope is not None:
        if scope.transaction is not None and scope.transaction.state == "open":
            return scope.transaction
        scope = scope.outer
    return None


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
