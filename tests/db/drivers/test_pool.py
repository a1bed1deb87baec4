"""The pool of connections, with connections that only say who they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bistro.db import DatabaseUnavailable, PoolExhausted
from bistro.db.drivers.postgres.pool import Pool


class FakeRaw:
    def __init__(self) -> None:
        self.is_terminated = False

    def terminate(self) -> None:
        self.is_terminated = True


class FakeConnection:
    def __init__(self, name: int) -> None:
        self.name = name
        self.is_lost = self.is_dirty = self.is_closed = False
        self.since = self.used_at = 0.0
        self.raw = FakeRaw()

    def is_usable(self) -> bool:
        return not (self.is_lost or self.is_closed)

    def is_clean(self) -> bool:
        return not (self.is_lost or self.is_dirty)

    async def close(self) -> None:
        self.is_closed = True


class FakeServer:
    def __init__(self) -> None:
        self.made: list[FakeConnection] = []
        self.is_down = False

    async def connect(self) -> FakeConnection:
        await asyncio.sleep(0)
        if self.is_down:
            raise DatabaseUnavailable("connection refused")
        self.made.append(FakeConnection(len(self.made)))
        return self.made[-1]


@asynccontextmanager
async def pool_of(
    server: FakeServer, size_max: int = 2, wait_seconds_max: float = 5.0
) -> AsyncIterator[Pool]:
    pool = Pool(
        server.connect,  # type: ignore[arg-type]  # a fake
        size_max=size_max,
        wait_seconds_max=wait_seconds_max,
        statement_seconds_max=30,
    )
    try:
        yield pool
    finally:
        await pool.close()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_connection_used_last_is_taken_first() -> None:
    server = FakeServer()
    async with pool_of(server) as pool:
        first, second = await pool.acquire(), await pool.acquire()
        pool.release(first)
        pool.release(second)
        assert await pool.acquire() is second
        assert pool.size == 2


async def test_connections_are_opened_when_needed_and_no_more_than_allowed() -> None:
    server = FakeServer()
    async with pool_of(server) as pool:
        assert pool.size == 0
        held = await asyncio.gather(pool.acquire(), pool.acquire())
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        assert (len(server.made), pool.waiting_count) == (2, 1)
        pool.release(held[0])
        assert await waiting is held[0]


async def test_who_waits_is_served_in_order() -> None:
    async with pool_of(FakeServer(), size_max=1) as pool:
        held = await pool.acquire()
        served: list[str] = []

        async def use(name: str) -> None:
            connection = await pool.acquire()
            served.append(name)
            pool.release(connection)

        tasks = [asyncio.create_task(use(name)) for name in "abc"]
        await turns()
        pool.release(held)
        await asyncio.gather(*tasks)
        assert served == ["a", "b", "c"]


async def test_who_waits_for_too_long_is_told_how_many_are_in_use() -> None:
    async with pool_of(FakeServer(), wait_seconds_max=0.01) as pool:
        await pool.acquire()
        await pool.acquire()
        with pytest.raises(PoolExhausted, match=r"all 2 connections were in use for 0\.01 s"):
            await pool.acquire()
        assert pool.waiting_count == 0


async def test_a_waiter_that_was_cancelled_takes_no_connection_along() -> None:
    async with pool_of(FakeServer(), size_max=1) as pool:
        held = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        pool.release(held)  # the waiter has it now, but has not run since
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await pool.acquire() is held


async def test_a_lost_connection_is_closed_and_another_opened_for_who_waits() -> None:
    server = FakeServer()
    async with pool_of(server, size_max=1) as pool:
        held = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        held.is_lost = True
        pool.release(held)
        assert await waiting is not held
        assert server.made[0].is_closed
        assert pool.size == 1


async def test_a_connection_that_has_something_left_behind_is_not_handed_on() -> None:
    server = FakeServer()
    async with pool_of(server) as pool:
        held = await pool.acquire()
        held.is_dirty = True
        pool.release(held)
        assert await pool.acquire() is not held


async def test_idle_connections_that_broke_are_skipped() -> None:
    server = FakeServer()
    async with pool_of(server) as pool:
        pool.release(await pool.acquire())
        server.made[0].is_lost = True
        assert await pool.acquire() is server.made[1]
        assert pool.size == 1


async def test_while_the_server_is_down_everybody_is_told_at_once_and_later_served() -> None:
    server = FakeServer()
    async with pool_of(server, size_max=1) as pool:
        held = await pool.acquire()
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(3)]
        await turns()
        server.is_down = held.is_lost = True
        pool.release(held)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [DatabaseUnavailable] * 3
        server.is_down = False
        assert await pool.acquire() is server.made[1]


async def test_connecting_that_is_cancelled_leaves_room_for_others() -> None:
    server = FakeServer()
    async with pool_of(server, size_max=1) as pool:
        connecting = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        assert await pool.acquire() is not None


async def test_closing_turns_away_who_waits_and_closes_what_comes_back() -> None:
    server = FakeServer()
    async with pool_of(server, size_max=1) as pool:
        held = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        await pool.close()
        with pytest.raises(DatabaseUnavailable):
            await waiting
        pool.release(held)
        await turns()
        assert server.made[0].is_closed
        with pytest.raises(DatabaseUnavailable, match="is closed"):
            await pool.acquire()


async def test_what_is_idle_for_long_is_closed_and_what_runs_for_too_long_is_broken_off() -> None:
    server = FakeServer()
    async with pool_of(server) as pool:
        pool.release(await pool.acquire())
        idle, now = server.made[0], pool.now()
        pool.now = lambda: now + 1000  # type: ignore[method-assign]  # a clock of the test's own
        pool._sweep()
        await turns()
        assert idle.is_closed

        running = await pool.acquire()
        pool.now = lambda: now + 2000  # type: ignore[method-assign]  # a clock of the test's own
        pool._sweep()
        assert running.raw.is_terminated
