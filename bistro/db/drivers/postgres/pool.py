"""The connections of this process to one PostgreSQL, handed from one user to the next.

How it works. The connection used last is taken first, so that few are warm and the others can be
closed. Nothing is sent between two users, unless the first left something behind. Who finds all in
use waits, first come, first served, and is turned away after a while. A connection that broke is
dropped when it is noticed; the next user opens another, so that the site recovers by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any  # Any: tasks of any result are kept

from bistro.db.drivers.postgres.connection import PostgresConnection
from bistro.db.errors import DatabaseError, DatabaseUnavailable, PoolExhausted

SWEEP_SECONDS = 5.0
IDLE_SECONDS_MAX = 300.0
GRACE_SECONDS = 5.0
"""So much later than the server's own limit a statement counts as lost, with its connection."""


class Pool:
    """At most `size_max` connections, each made by `connect` when it is needed."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[PostgresConnection]],
        *,
        size_max: int,
        wait_seconds_max: float,
        statement_seconds_max: float,
    ) -> None:
        self._connect = connect
        self._size_max = size_max
        self._wait_seconds_max = wait_seconds_max
        self._statement_seconds_max = statement_seconds_max
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._all: set[PostgresConnection] = set()
        self._idle: list[PostgresConnection] = []
        self._waiting: deque[asyncio.Future[PostgresConnection]] = deque()
        self._opening = 0
        self._is_closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    @property
    def size(self) -> int:
        """How many connections there are."""
        return len(self._all) + self._opening

    @property
    def idle_count(self) -> int:
        """How many of them nobody uses."""
        return len(self._idle)

    @property
    def waiting_count(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def take(self) -> PostgresConnection | None:
        """A connection that can be had at once, or None. Marks the beginning of a statement."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_usable():
                connection.since = self.now()
                return connection
            self._drop(connection)
        return None

    async def acquire(self) -> PostgresConnection:
        """A connection, at once, new, or when one is free. Raises `DatabaseUnavailable`, `PoolExhausted`."""
        connection = self.take()
        if connection is None:
            if self._is_closed:
                raise DatabaseUnavailable("the database is closed")
            connection = await (self._open() if self.size < self._size_max else self._wait())
            connection.since = self.now()
        return connection

    def release(self, connection: PostgresConnection) -> None:
        """Let the next one have it."""
        connection.since = 0.0
        if not connection.is_clean() or self._is_closed:
            # Opening another takes a few milliseconds, and is sure to leave nothing behind.
            self._start(self._close(connection))
            return
        waiting = self._waiting
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(connection)
                return
        connection.used_at = self.now()
        self._idle.append(connection)

    async def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        self._is_closed = True
        self._sweeping.cancel()
        for future in self._waiting:
            if not future.done():
                future.set_exception(DatabaseUnavailable("the database is closing"))
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._close(connection) for connection in idle))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        for connection in self._all:
            connection.raw.terminate()

    async def _open(self) -> PostgresConnection:
        self._opening += 1
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                connection = await self._connect()
        except BaseException as error:
            # Others may wait for a connection that will never come back.
            self._loop.call_soon(self._open_for_next)
            if isinstance(error, TimeoutError):
                what = f"the database did not answer within {self._wait_seconds_max:g} s"
                raise DatabaseUnavailable(what) from None
            raise
        finally:
            self._opening -= 1
        self._all.add(connection)
        return connection

    async def _wait(self) -> PostgresConnection:
        future: asyncio.Future[PostgresConnection] = self._loop.create_future()
        self._waiting.append(future)
        timer = self._loop.call_later(self._wait_seconds_max, self._turn_away, future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release(future.result())  # it came in the same moment
            raise
        finally:
            timer.cancel()

    def _turn_away(self, future: asyncio.Future[PostgresConnection]) -> None:
        if not future.done():
            count, seconds = self._size_max, self._wait_seconds_max
            future.set_exception(PoolExhausted(f"all {count} connections were in use for {seconds:g} s"))
            self._waiting.remove(future)

    def _open_for_next(self) -> None:
        """Where somebody waits and there is room, open a connection for them."""
        if self._waiting and self.size < self._size_max and not self._is_closed:
            self._start(self._open_and_release())

    async def _open_and_release(self) -> None:
        try:
            connection = await self._open()
        except DatabaseError as error:
            if self._waiting:
                future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(error)
            return
        self.release(connection)

    async def _close(self, connection: PostgresConnection) -> None:
        await connection.close()
        self._drop(connection)

    def _drop(self, connection: PostgresConnection) -> None:
        self._all.discard(connection)
        self._open_for_next()

    def _sweep(self) -> None:
        """Close what was idle for long; break off statements that the server does not end itself."""
        self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        now = self.now()
        for connection in [each for each in self._idle if each.used_at < now - IDLE_SECONDS_MAX]:
            self._idle.remove(connection)
            self._start(self._close(connection))
        limit = self._statement_seconds_max
        if limit:
            late = now - limit - GRACE_SECONDS
            for connection in [each for each in self._all if 0.0 < each.since < late]:
                connection.raw.terminate()

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
