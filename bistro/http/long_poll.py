"""Waiting within one request: for a value, for so long, until the server stops or the client goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from bistro.ground.types import Exchange
from bistro.http.request import Request

T = TypeVar("T")

LONG_POLL_SECONDS: Final = 25.0
"""Shorter than the half minute after which many proxies give up."""


async def long_poll(
    request: Request, value: Awaitable[T], *, timeout_seconds: float = LONG_POLL_SECONDS
) -> T | None:
    """What `value` gives, or None where it takes longer, or the server stops: returned, that is a 204.

    A client that goes away cancels it as it does every handler. `value` is cancelled in each case,
    so wait for something that loses nothing by that: `queue.get()`, or `condition.wait_for(…)`.
    """
    limit = asyncio.timeout(timeout_seconds)
    try:
        async with limit, until_stop(request.exchange):
            return await value
    except TimeoutError:
        if not limit.expired():
            raise
    return None


@asynccontextmanager
async def until_stop(exchange: Exchange) -> AsyncIterator[None]:
    """Leave the block where it waits, as if it had come to its end, once the server begins to stop."""
    loop, limit = asyncio.get_running_loop(), asyncio.timeout(None)
    is_inside = True

    def leave() -> None:
        if is_inside:
            limit.reschedule(loop.time())

    try:
        async with limit:
            exchange.on_stopping(leave)
            yield
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        is_inside = False
