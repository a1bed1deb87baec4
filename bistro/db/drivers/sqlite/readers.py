"""Connections that only read, in threads: for what is too slow for the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any  # Any: the result of a verb depends on the verb

from bistro.db.drivers.sqlite.statements import GuardedStatements
from bistro.db.errors import PoolExhausted
from bistro.ground.concurrency import ThreadPool

READERS_MAX = 16
"""Connections; one is held by each result that is read in batches, however slowly."""


def find_threads_max() -> int:
    """How many may read at the same moment: they must leave the event loop a processor."""
    return min(4, max(1, (os.cpu_count() or 1) - 1))


class Readers:
    """At most so many connections, each opened when it is needed and then kept."""

    def __init__(self, connect: Callable[[], GuardedStatements], *, wait_seconds_max: float) -> None:
        self._connect = connect
        self._wait_seconds_max = wait_seconds_max
        self._threads = ThreadPool(find_threads_max(), name="bistro-sqlite-reader")
        self._free = asyncio.Semaphore(READERS_MAX)
        self._idle: list[GuardedStatements] = []
        self.in_use = 0

    @property
    def count(self) -> int:
        """How many connections are open."""
        return self.in_use + len(self._idle)

    async def run(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        """The result of `verb` in a thread, on whichever connection is free. Raises `PoolExhausted`."""
        statements = await self.lease()
        try:
            return await self.run_on(statements, verb, *arguments)
        finally:
            self.give_back(statements)

    async def lease(self) -> GuardedStatements:
        """A connection for several calls; to be given back. Raises `PoolExhausted`."""
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await self._free.acquire()
        except TimeoutError:
            raise PoolExhausted(f"no reading connection was free for {self._wait_seconds_max:g} s") from None
        self.in_use += 1
        try:
            return self._idle.pop() if self._idle else await self._threads.run(self._connect)
        except BaseException:
            self._release()
            raise

    def give_back(self, statements: GuardedStatements) -> None:
        """Let others have the connection."""
        self._idle.append(statements)
        self._release()

    async def run_on(self, statements: GuardedStatements, verb: Callable[..., Any], *arguments: Any) -> Any:
        """The result of `verb` on a leased connection; cancelling stops the statement."""
        running = object()
        work = asyncio.ensure_future(self._threads.run(_run, statements, running, verb, arguments))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            statements.stop(running)
            # The connection must not be used by another while the statement still runs.
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()
            raise

    def close(self) -> None:
        """End the threads and close the connections. Blocks."""
        self._threads.close()
        for statements in self._idle:
            statements.connection.close()

    def _release(self) -> None:
        self.in_use -= 1
        self._free.release()


# Any: as in Readers.
def _run(
    statements: GuardedStatements, running: object, verb: Callable[..., Any], arguments: tuple[Any, ...]
) -> Any:
    statements.begin(running)
    return verb(statements, *arguments)
