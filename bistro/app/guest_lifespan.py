"""The lifespan of a mounted ASGI application (ASGI specification 2.0, Lifespan Protocol)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any  # Any: an ASGI application is an open callable, its state an open dictionary

from bistro.ground.types import AsgiMessage

_logger = logging.getLogger("bistro.app")


class GuestLifespan:
    """Starts and stops `application`, in one task, as its cancel scopes and task groups need it.

    An application that raises instead of taking part has no lifespan, which is no fault.
    """

    def __init__(self, application: Any, state: dict[str, Any]) -> None:
        self._application = application
        self._state = state
        self._messages: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._answers: asyncio.Queue[AsgiMessage | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Wait until it has started. Raises RuntimeError with its words where it says that it failed."""
        self._state.clear()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="mounted application")
        answer = await self._ask("startup")
        if answer is None:
            self._task = None
        elif answer["type"] == "lifespan.startup.failed":
            raise RuntimeError(answer.get("message") or "it does not say why")

    async def stop(self) -> None:
        """Wait until it has stopped; a failure is logged, since everything else has to stop as well."""
        if self._task is None:
            return
        answer = await self._ask("shutdown")
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            _logger.error("a mounted application failed to stop: %s", answer.get("message", ""))
        await self._task

    async def _ask(self, event: str) -> AsgiMessage | None:
        self._messages.put_nowait({"type": f"lifespan.{event}"})
        return await self._answers.get()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        try:
            await self._application(scope, self._messages.get, self._answers.put)
        except Exception as error:  # noqa: BLE001 - the specification: go on without a lifespan
            _logger.debug("a mounted application has no lifespan: %r", error)
        self._answers.put_nowait(None)
