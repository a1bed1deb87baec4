"""Calls on their way from the event loop to a thread and back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias  # Any: a job carries the arguments and the result of any verb

from bistro.db.drivers.sqlite.statements import GuardedStatements

Outcome: TypeAlias = "tuple[Job, Any, BaseException | None]"


class Job:
    """One verb to be called with the statements of a thread, and who waits for its result."""

    __slots__ = ("arguments", "future", "has_begun", "since", "verb")

    def __init__(self, loop: asyncio.AbstractEventLoop, verb: Callable[..., Any], *arguments: Any) -> None:
        self.verb = verb
        self.arguments = arguments
        self.future: asyncio.Future[Any] = loop.create_future()
        self.since = time.monotonic()
        self.has_begun = False

    def run(self, statements: GuardedStatements) -> Outcome:
        """Call the verb, in the thread; never raises."""
        self.has_begun = True
        statements.begin(self)
        try:
            return self, self.verb(statements, *self.arguments), None
        except BaseException as error:  # noqa: BLE001 - who waits gets it, whatever it is
            return self, None, error


def deliver(loop: asyncio.AbstractEventLoop, outcomes: Iterable[Outcome]) -> None:
    """Hand results from a thread to those who wait in the loop."""
    # The loop may be closed by now; then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_set_results, list(outcomes))


def _set_results(outcomes: list[Outcome]) -> None:
    for job, result, error in outcomes:
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)
