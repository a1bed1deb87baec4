"""Run a coroutine's first step in place, and only if it suspends go on as a task.

How it works: most handlers never suspend, and a `Task` for each costs more than all the rest of
the framework. Python 3.12 has the answer in its standard library (`Task(eager_start=True)`).
On 3.11 the first step runs under the identity of an idle *carrier* task, so that
`asyncio.current_task()`, time-outs and task groups are right from the first line; a coroutine that
suspends is adopted by that carrier, which steps it to its end and then lies idle again.
Every step runs in the request's own context, whichever way it is driven.
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
from dataclasses import dataclass
from typing import Any

CARRIERS_MAX = 256
"""More requests than these that wait at once on 3.11 get a plain task each."""


@dataclass(slots=True)
class Job:
    """A coroutine that has suspended: what it waits for, its context, and whom to tell."""

    coroutine: Coroutine[Any, Any, None]
    awaited: Any  # whatever the coroutine yielded: a future, or None for a bare step
    context: Context
    on_done: Callable[[], None]


class Carrier:
    """One reusable task that lends its identity to first steps and adopts what suspends."""

    __slots__ = ("_idle", "_job", "_loop", "task", "wake")

    def __init__(self, loop: AbstractEventLoop, idle: list[Carrier]) -> None:
        self._loop = loop
        self._idle = idle
        self._job: Job | None = None
        self.wake: asyncio.Future[None] = loop.create_future()
        self.task: Task[None] = loop.create_task(self._run(), name="bistro carrier")

    def adopt(self, job: Job) -> None:
        """Go on with `job`, whose first step has just ended."""
        self._job = job
        if not self.wake.done():
            self.wake.set_result(None)

    async def _run(self) -> None:
        while True:
            self._idle.append(self)
            try:
                await self.wake
                cancelled = False
            except asyncio.CancelledError:
                if self._job is None:
                    raise  # nobody's request: the server closes this carrier
                cancelled = True  # the request was cancelled during its first step
            await self._finish(cancelled=cancelled)
            self._job = None
            self.wake = self._loop.create_future()
            while self.task.cancelling():
                self.task.uncancel()  # a carrier outlives its request, and so must not inherit this

    async def _finish(self, *, cancelled: bool) -> None:
        job = self._job
        assert job is not None
        try:
            await _step_to_end(job, cancelled=cancelled)
        except asyncio.CancelledError:
            pass  # of the request, not of the carrier; `on_done` tells its exchange
        except Exception as error:  # noqa: BLE001 - a plan never raises; if one does, say so and live
            self._loop.call_exception_handler({"message": "a plan raised", "exception": error})
        finally:
            job.on_done()


@types.coroutine
def _step_to_end(job: Job, *, cancelled: bool) -> Generator[Any, Any, None]:
    run, coroutine, awaited = job.context.run, job.coroutine, job.awaited
    try:
        if cancelled:
            if asyncio.isfuture(awaited):
                awaited._asyncio_future_blocking = False
                awaited.cancel()
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
        self._carriers_count = 0
        self.start = self._start_task if sys.version_info >= (3, 12) else self._start_on_carrier
        """`start(coroutine, context, on_done)`: step it; None when it has ended, else the task that
        goes on with it, and then `on_done()` is called at its end."""

    async def prepare(self, count: int = 16) -> None:
        """Have `count` carriers ready, where this Python needs them."""
        if sys.version_info < (3, 12):
            for _ in range(count):
                self._add_carrier()
            await asyncio.sleep(0)  # each appends itself to the idle ones in its own first step

    def close(self) -> None:
        """End the idle carriers; one at work ends with its request's cancellation."""
        for carrier in self._idle:
            carrier.task.cancel()
        self._idle.clear()

    def _add_carrier(self) -> None:
        if self._carriers_count < CARRIERS_MAX:
            self._carriers_count += 1
            Carrier(self._loop, self._idle)

    def _start_on_carrier(
        self, coroutine: Coroutine[Any, Any, None], context: Context, on_done: Callable[[], None]
    ) -> Task[None] | None:
        if not self._idle:
            # The pool grows to what is busy at once: this request pays for a task, later ones do not.
            self._add_carrier()
            task = self._loop.create_task(coroutine, context=context)
            task.add_done_callback(lambda _: on_done())
            return task
        carrier = self._idle.pop()
        task = carrier.task
        _enter_task(self._loop, task)
        try:
            awaited = context.run(coroutine.send, None)
        except StopIteration:
            if carrier.wake.done():  # the handler cancelled its own task: this carrier is at its end
                self._carriers_count -= 1
            else:
                self._idle.append(carrier)
            return None
        finally:
            _leave_task(self._loop, task)
        carrier.adopt(Job(coroutine, awaited, context, on_done))
        return task

    def _start_task(
        self, coroutine: Coroutine[Any, Any, None], context: Context, on_done: Callable[[], None]
    ) -> Task[None] | None:
        task: Task[None] = Task(coroutine, loop=self._loop, context=context, eager_start=True)  # type: ignore[call-arg, unused-ignore]  # typeshed has it from 3.12 on
        if task.done():
            return None
        task.add_done_callback(lambda _: on_done())
        return task
