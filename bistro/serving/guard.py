"""What waits on the servers of others: handlers, which end with their clients, and bodies, which must come.

How it works: the first step of a handler is taken in place. Only one that waits then is given to the
`Overseer`, whose one timer does for all; `asyncio.timeout` costs as much as a whole small request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator

# Any: handlers return values of every kind.
from typing import Any, Protocol, TypeVar

from bistro.serving.overseer import Overseer
from bistro.serving.stepping import resume

Result = TypeVar("Result")


class Guarded(Protocol):
    """An exchange, as who guards its handler sees it."""

    is_shielded: bool

    def on_disconnect(self, callback: Callable[[], None], /) -> None: ...
    def watch(self) -> None:
        """Look out for the client going away, from now on."""
        ...


# Any: what an awaitable yields and is sent is between it and its event loop.
async def guard(
    steps: Generator[Any, Any, None], awaited: Any, exchange: Guarded, overseer: Overseer
) -> None:
    """Wait for a handler whose first step gave `awaited`; cancel it when its client goes away."""
    guard = _Guard(exchange)
    guard.task = asyncio.current_task(overseer.add(guard))
    try:
        await resume(steps, awaited)
    except asyncio.CancelledError:
        # The task is the server's: it must not be told of a cancellation that is ours.
        if not guard.take_back():
            raise
    else:
        guard.take_back()
    finally:
        guard.is_over = True
        overseer.remove(guard)


async def wait_within(seconds: float, overseer: Overseer, waiting: Awaitable[Result]) -> Result:
    """What `waiting` results in. Raises TimeoutError after `seconds`, or up to two turns later."""
    limit = _Limit(seconds)
    limit.task = asyncio.current_task(overseer.add(limit))
    try:
        return await waiting
    except asyncio.CancelledError:
        # As asyncio.timeout does it: only our own cancellation is ours to swallow.
        if limit.take_back():
            raise TimeoutError from None
        raise
    finally:
        overseer.remove(limit)


class _Canceller:
    """Cancels a task that belongs to others, and takes that back.

    Without `__slots__`, so that what most never need costs nothing: it stands on the class.
    """

    task: asyncio.Task[Any] | None
    _is_cancelled = False

    def cancel(self) -> None:
        """Cancel it, unless that is done already."""
        if self.task is not None and not self.task.cancelling():
            self._is_cancelled = self.task.cancel()

    def take_back(self) -> bool:
        """Whether it was cancelled by us alone."""
        return self._is_cancelled and self.task is not None and not self.task.uncancel()


class _Guard(_Canceller):
    _is_told = False
    is_over = False

    def __init__(self, exchange: Guarded) -> None:
        self._exchange = exchange

    def look(self, now: float) -> None:
        """The request lasts: look out for its client."""
        if not self._is_told:
            self._is_told = True
            self._exchange.on_disconnect(self._cancel_soon)
        self._exchange.watch()

    def _cancel_soon(self) -> None:
        # Not now: who finds the client gone may be the handler at its end, and a task that cancels
        # itself and ends would leave the cancellation to the server that lent it.
        asyncio.get_running_loop().call_soon(self._cancel)

    def _cancel(self) -> None:
        if not (self.is_over or self._exchange.is_shielded):
            self.cancel()


class _Limit(_Canceller):
    _since: float | None = None

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def look(self, now: float) -> None:
        """It lasts: end it when it is time; the first turns are not counted, so that no clock is asked."""
        if self._since is None:
            self._since = now
        elif now - self._since >= self._seconds:
            self.cancel()
