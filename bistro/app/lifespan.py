"""What is opened when the app starts and closed when it stops."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from bistro.ground.registry import Origin


class LifespanStep(Struct, frozen=True):
    """One function to call at start, at stop, or (a generator) around both."""

    kind: Literal["start", "stop", "around"]
    function: Callable[[], object]
    origin: Origin


class Lifespan:
    """Runs the steps in order; what has started is stopped in reverse, also when a later one fails."""

    def __init__(self, steps: tuple[LifespanStep, ...]) -> None:
        self._steps = steps
        self._stack: AsyncExitStack | None = None

    async def start(self) -> None:
        """Take every step; if one raises, stop what had started and raise its error."""
        stack = AsyncExitStack()
        try:
            for step in self._steps:
                await _take(step, stack)
        except BaseException:
            await stack.aclose()
            raise
        self._stack = stack

    async def stop(self) -> None:
        """Stop what `start` started, last first; every step is taken even if one fails."""
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()


async def _take(step: LifespanStep, stack: AsyncExitStack) -> None:
    if step.kind == "stop":
        stack.push_async_callback(_call, step.function)
    elif step.kind == "start":
        await _call(step.function)
    else:
        generator = step.function()
        await _advance(generator)
        # A callback and not a context: what follows a `yield` runs whatever else went wrong.
        stack.push_async_callback(_advance, generator)


async def _advance(generator: Any) -> None:  # Any: sync and async generators share no base
    if inspect.isasyncgen(generator):
        await anext(generator, None)
    else:
        next(generator, None)


async def _call(function: Callable[[], object]) -> None:
    result = function()
    if inspect.isawaitable(result):
        await result


LifespanFunction: TypeAlias = (
    Callable[[], AsyncGenerator[None]]
    | Callable[[], Generator[None]]
    | Callable[[], AsyncIterator[None]]
    | Callable[[], Iterator[None]]
)
