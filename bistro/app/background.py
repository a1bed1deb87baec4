"""Work after the answer: jobs that a handler leaves behind, run once the client has its answer."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ParamSpec, TypeAlias

from bistro.ground.concurrency import run_in_thread

Parameters = ParamSpec("Parameters")
Job: TypeAlias = Callable[[], Awaitable[None]]
_logger = logging.getLogger("bistro.background")


class BackgroundKeeper:
    """Holds what one app has begun and no request waits for, so that a stopping app can wait for it."""

    def __init__(self) -> None:
        # Any: nobody looks at what a task gives.
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, jobs: list[Job]) -> None:
        """Run `jobs` one after the other, apart from the request that left them."""
        self.keep(asyncio.get_running_loop().create_task(_run_all(jobs), name="bistro background"))

    def keep(self, task: asyncio.Task[Any]) -> None:  # Any: see above
        """Hold a task that goes on although its request has its answer."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, seconds: float) -> None:
        """Wait for the jobs that there are, `seconds` at most; those that take longer go on."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)

    async def wait_for_all(self, seconds: float) -> None:
        """Let the jobs finish for `seconds`, then cancel what is left."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()


class Background:
    """`background: Background` lets a handler leave work for after its answer.

    Jobs run in order in this process, in the background of later requests: for what may be lost
    when the process ends. Where an error is answered, none of them runs. An app that stops gives them
    ten seconds, and a worker no more than two beyond its time of grace. A `def` function runs in a
    thread; an error is logged and does not keep the next job from running.
    """

    __slots__ = ("_jobs",)

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def add(
        self,
        function: Callable[Parameters, object],
        /,
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> None:
        """Call `function` with these arguments once the answer is sent."""
        self._jobs.append(lambda: _call(function, arguments, options))

    def drop(self) -> None:
        """Forget the jobs; called by the plan where an error is answered instead of what was meant."""
        self._jobs.clear()

    def start(self, keeper: BackgroundKeeper) -> None:
        """Begin with the jobs; called by the plan behind the answer."""
        if self._jobs:
            keeper.start(self._jobs)


async def _run_all(jobs: list[Job]) -> None:
    for job in jobs:
        try:
            await job()
        except Exception:
            _logger.exception("a background job failed")


async def _call(
    function: Callable[..., object], arguments: tuple[object, ...], options: Mapping[str, object]
) -> None:
    if inspect.iscoroutinefunction(function):
        await function(*arguments, **options)
    else:
        await run_in_thread(function, *arguments, **options)
