"""Whether the process lives (`/livez`) and whether it can do its work (`/readyz`)."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from bistro.app import Setup
from bistro.ground import get_logger
from bistro.http import Json, Response, Text

ReadinessCheck: TypeAlias = Callable[[], Awaitable[None] | None]
"""Returns if all is well, raises if not; a plain function runs in a thread."""

Outcome = Literal["ok", "failed", "timed out"]


@runtime_checkable
class ReadyPlugin(Protocol):
    """What a plugin has if the site needs it to be ready, e.g. a database."""

    def check_ready(self) -> Awaitable[None] | None:
        """Return if all is well, raise if not; `def` runs in a thread."""
        ...


@dataclass(frozen=True)
class Health:
    """Answer orchestrators: 200 at `live_at` always, at `ready_at` while every check passes, else 503.

    `checks` are functions by name. Of the plugins in `watch`, each that has a method `check_ready`
    is asked by it; `App` gives all of its plugins. A check that takes over `timeout_seconds`
    counts as failed. The answers name the checks and never say why one failed: that is logged.
    """

    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict)
    watch: Sequence[object] = ()
    live_at: str = "/livez"
    ready_at: str = "/readyz"
    timeout_seconds: float = 2.0

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add both routes."""
        watched = {
            type(plugin).__name__: plugin.check_ready
            for plugin in self.watch
            if isinstance(plugin, ReadyPlugin)
        }
        readiness = Readiness({**watched, **self.checks}, self.timeout_seconds)
        setup.routes.get(
            self.live_at,
            name="livez",
            blocking=False,
            include_in_schema=False,
            without_app_hooks=True,
            public=True,
        )(answer_alive)
        setup.routes.get(
            self.ready_at, name="readyz", include_in_schema=False, without_app_hooks=True, public=True
        )(readiness.answer)


def answer_alive() -> Response:
    """200: the process takes requests and answers them."""
    return Text("alive\n", headers=NOT_STORED)


class Readiness:
    """Runs the checks, each at most once at a time, however many ask."""

    def __init__(self, checks: Mapping[str, ReadinessCheck], timeout_seconds: float) -> None:
        self._checks = dict(checks)
        self._timeout_seconds = timeout_seconds
        self._running: dict[str, asyncio.Task[Outcome]] = {}

    async def answer(self) -> Response:
        """200 or 503, and what each check said."""
        outcomes = await self.run()
        is_ready = all(outcome == "ok" for outcome in outcomes.values())
        document = {"status": "ready" if is_ready else "not ready", "checks": outcomes}
        return Json(document, status=200 if is_ready else 503, headers=NOT_STORED)

    async def run(self) -> dict[str, Outcome]:
        """The outcome of each check, after `timeout_seconds` at most."""
        tasks = {name: self._begin(name) for name in self._checks}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._timeout_seconds)
        return {name: task.result() if task.done() else "timed out" for name, task in tasks.items()}

    def _begin(self, name: str) -> asyncio.Task[Outcome]:
        # One that hangs is waited for again and not started a second time: probes come every few
        # seconds, and each would leave a hanging thread or connection behind.
        task = self._running.get(name)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = self._running[name] = asyncio.create_task(_check(name, self._checks[name]))
            task.add_done_callback(lambda _: self._running.pop(name, None))
        return task


async def _check(name: str, function: ReadinessCheck) -> Outcome:
    try:
        if inspect.iscoroutinefunction(function):
            await function()
        else:
            result = await asyncio.to_thread(function)
            if inspect.isawaitable(result):
                await result
    except Exception:  # noqa: BLE001 - whatever a check raises says that it failed
        _log.exception("readiness check failed", check=name)
        return "failed"
    return "ok"


NOT_STORED = {"cache-control": "no-store"}
_log = get_logger("bistro.health")
