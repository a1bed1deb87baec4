"""`changes(Note)`: hear of rows that have changed, from wherever they were changed."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from bistro.db.database import Database, get_database
from bistro.db.drivers.protocol import Change
from bistro.db.model import Model


class changes:  # noqa: N801 - it reads as the noun that it is: `async for change in changes(Note)`
    """The changes of a model's table, or of the table of that name, from the first look on.

        async for change in changes(Note):
            ...  # change.kind, change.key

    In `async with changes(Note) as feed:` it listens before the first look, so that nothing is
    missed between reading a state and hearing of changes to it. Changes are told after their
    commit. In PostgreSQL a trigger on the table tells them, which is made at the first use; in
    SQLite those of other processes are of the kind "unknown", a quarter of a second later at most.
    Not for work that must be done for each change: nobody keeps them for who does not listen.
    """

    def __init__(self, of: type[Model] | str, *, using: Database | None = None) -> None:
        """`using`: another database than the current one."""
        self._table = of if isinstance(of, str) else of.__table_info__.name
        keys = () if isinstance(of, str) else of.__table_info__.key
        self._key = keys[0].name if len(keys) == 1 else "id"
        self._using = using
        self._subscription: AbstractAsyncContextManager[asyncio.Queue[Change]] | None = None
        self._queue: asyncio.Queue[Change] | None = None

    async def __aenter__(self) -> changes:
        database = self._using or get_database()
        self._subscription = database.driver.subscribe(self._table, self._key)
        self._queue = await self._subscription.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> changes:
        return self

    async def __anext__(self) -> Change:
        if self._queue is None:
            await self.__aenter__()
        assert self._queue is not None
        try:
            return await self._queue.get()
        except BaseException:
            # Who iterates without `async with` leaves by being cancelled.
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Listen no more."""
        subscription, self._subscription, self._queue = self._subscription, None, None
        if subscription is not None:
            await subscription.__aexit__(None, None, None)
