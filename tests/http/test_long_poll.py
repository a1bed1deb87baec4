from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bistro import Request, long_poll
from bistro.http import until_stop
from bistro.serving.memory import MemoryExchange

SECONDS_MAX = 10.0


def run_with(exchange: MemoryExchange, body: Callable[[Request], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        # Any: the tools of a request have nothing to do here.
        tools: Any = None
        return await asyncio.wait_for(body(Request(exchange, tools)), SECONDS_MAX)

    return asyncio.run(run())


def test_a_value_is_given_as_soon_as_it_is_there() -> None:
    async def body(request: Request) -> object:
        queue: asyncio.Queue[str] = asyncio.Queue()
        asyncio.get_running_loop().call_soon(queue.put_nowait, "order")
        return await long_poll(request, queue.get())

    assert run_with(MemoryExchange(), body) == "order"


def test_none_is_given_after_the_time() -> None:
    async def body(request: Request) -> tuple[object, int]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        value = await long_poll(request, queue.get(), timeout_seconds=0.01)
        queue.put_nowait("late")
        return value, queue.qsize()

    assert run_with(MemoryExchange(), body) == (None, 1)


def test_none_is_given_when_the_server_stops() -> None:
    exchange = MemoryExchange()

    async def body(request: Request) -> object:
        asyncio.get_running_loop().call_soon(exchange.stop)
        return await long_poll(request, asyncio.Event().wait())

    assert run_with(exchange, body) is None


def test_a_time_out_of_its_own_is_raised() -> None:
    async def fail() -> None:
        raise TimeoutError("of the database")

    async def body(request: Request) -> object:
        return await long_poll(request, fail())

    with pytest.raises(TimeoutError, match="of the database"):
        run_with(MemoryExchange(), body)


def test_a_stop_after_the_block_changes_nothing() -> None:
    exchange = MemoryExchange()

    async def body(_request: Request) -> str:
        async with until_stop(exchange):
            pass
        exchange.stop()
        await asyncio.sleep(0)
        return "went on"

    assert run_with(exchange, body) == "went on"


def test_a_cancellation_from_outside_goes_through() -> None:
    async def run() -> bool:
        task = asyncio.ensure_future(_wait(MemoryExchange()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS_MAX)
        return task.cancelled()

    async def _wait(exchange: MemoryExchange) -> None:
        async with until_stop(exchange):
            await asyncio.Event().wait()

    assert asyncio.run(run())
