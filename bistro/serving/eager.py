"""Run a coroutine's first step in place, and only if it suspends go on as a task.

How it works: most handlers never suspend, and a `Task` for each costs more than all the rest of
the framework. Python 3.12 has the answer in its standard library (`Task(eager_start=True)`).
On 3.11 the first step runs under the identity of an idle *carrier*: a task that waits for nothing
but this, so that `asyncio.current_task()`, time-outs and task groups are right from the first line.
A coroutine that suspends is adopted by its carrier, which steps it to its end and ends with it, as
a task of its own would; a new carrier takes its place. Every step runs in the request's own
context, whichever way it is driven.
"""

from __future__ import annotations

import asyncio
import sys
import types
from asyncio import AbstractEventLoop, Task

# The two functions with which a task itself says "I am running"; public names since 3.12 do the
# same, and there this file does not use them.
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any  # Any: what a coroutine yields and is sent is between it and its event loop

from msgspec import Struct

_ENDED = object()
CARRIERS_COUNT = 16
"""As many wait from the start, on 3.11."""
CARRIERS_COUNT_MAX = 256
"""More requests than these that suspend in one turn of the loop get a plain task each."""


class Job(Struct, eq=False):
    """A coroutine that has suspended: what it waits for, and its context."""

    coroutine: Coroutine[Any, Any, None]
    awaited: Any  # whatever the coroutine yielded: a future, or None for a bare step
    context: Context


class Carrier:
    """A task that lends its identity to first steps, until it adopts one that suspends."""

    __slots__ = ("_idle", "_job", "name", "task", "wake")

    def __init__(self, loop: AbstractEventLoop, idle: list[Carrier]) -> None:
        self._idle = idle
        self._job: Job | None = None
        self.wake: asyncio.Future[None] = loop.create_future()
        self.task: Task[None] = loop.create_task(self._run())
        self.name = self.task.get_name()

    def adopt(self, job: Job) -> None:
        """Go on with `job`, whose first step has just ended."""
        self._job = job
        if not self.wake.done():
            self.wake.set_result(None)

    async def _run(self) -> None:
        self._idle.append(self)
        is_cancelled = False
        try:
            await self.wake
        except asyncio.CancelledError:
            if self._job is None:  # nobody's request: the server stops, or somebody ends all tasks
                if self in self._idle:
                    self._idle.remove(self)
                raise
            is_cancelled = True  # the request was cancelled before its second step
        assert self._job is not None
        await _step_to_end(self._job, is_cancelled=is_cancelled)


@types.coroutine
def _step_to_end(job: Job, *, is_cancelled: bool) -> Generator[Any, Any, None]:
    run, coroutine, awaited = job.context.run, job.coroutine, job.awaited
    try:
        # As `Task.cancel` does it: what is awaited is cancelled, and tells the coroutine in its own
        # time; only where there is nothing to cancel the coroutine is told at once.
        if is_cancelled and not (asyncio.isfuture(awaited) and awaited.cancel()):
            if asyncio.isfuture(awaited):
                awaited._asyncio_future_blocking = False  # nobody will wait for it any more
            awaited = run(coroutine.throw, asyncio.CancelledError())
        while True:
            try:
                value = yield awaited
            except BaseException as error:  # noqa: BLE001 - every exception belongs to the coroutine
                awaited = run(coroutine.throw, error)
            else:
                awaited = run(coroutine.send, value)
    except StopIteration:
        return


class EagerRunner:
    """Starts coroutines in place on one event loop; `close` ends the idle carriers."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._idle: list[Carrier] = []
        self.start = self._start_task if sys.version_info >= (3, 12) else self._start_on_carrier
        """`start(coroutine, context, on_done)`: step it; None when it has ended, else the task that
        goes on with it, and then `on_done(task)` is called once that is done, outside of it."""

    async def prepare(self) -> None:
        """Have carriers ready, where this Python needs them."""
        if sys.version_info < (3, 12):
            for _ in range(CARRIERS_COUNT):
                Carrier(self._loop, self._idle)
            await asyncio.sleep(0)  # each appends itself to the idle ones in its own first step

    async def close(self) -> None:
        """End the idle carriers; one at work ends with its request."""
        tasks = [carrier.task for carrier in self._idle]
        self._idle.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start_on_carrier(
        self,
        coroutine: Coroutine[Any, Any, None],
        context: Context,
        on_done: Callable[[Task[None]], None],
    ) -> Task[None] | None:
        idle = self._idle
        if not idle:
            return self._start_plain_task(coroutine, context, on_done)
        carrier = idle[-1]
        loop, task = self._loop, carrier.task
        _enter_task(loop, task)
        try:
            # With a default, `next` hears of the end without an exception: 110 ns less than `send`.
            awaited = context.run(next, coroutine.__await__(), _ENDED)
        except asyncio.CancelledError:
            self._replace(carrier)
            return None
        finally:
            _leave_task(loop, task)
        if awaited is _ENDED:
            if carrier.wake.done() or task.get_name() is not carrier.name:
                self._replace(carrier)
            return None
        idle.pop()
        task.add_done_callback(on_done)
        carrier.adopt(Job(coroutine, awaited, context))
        Carrier(loop, idle)
        return task

    def _replace(self, carrier: Carrier) -> None:
        # The handler has cancelled or renamed "its" task: no other request must meet that.
        self._idle.remove(carrier)
        carrier.task.cancel()
        Carrier(self._loop, self._idle)

    def _start_plain_task(
        self,
        coroutine: Coroutine[Any, Any, None],
        context: Context,
        on_done: Callable[[Task[None]], None],
    ) -> Task[None]:
        # The pool grows to what suspends at once: this request pays for a task, later ones do not.
        if len(self._idle) < CARRIERS_COUNT_MAX:
            Carrier(self._loop, self._idle)
        task = self._loop.create_task(coroutine, context=context)
        task.add_done_callback(on_done)
        return task

    def _start_task(
        self,
        coroutine: Coroutine[Any, Any, None],
        context: Context,
        on_done: Callable[[Task[None]], None],
    ) -> Task[None] | None:
        task: Task[None] = Task(coroutine, loop=self._loop, context=context, eager_start=True)  # type: ignore[call-arg, unused-ignore]  # typeshed has it from 3.12 on
        if task.done():
            return None
        task.add_done_callback(on_done)
        return task
