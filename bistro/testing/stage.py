"""An app that several clients test at once: the first one starts it, the last one stops it.

How it works: what an app opens at its start, such as a database, belongs to the event loop of that start.
So plain clients of one app, and its live server, share a loop in one thread, and whoever is in one loop
shares one start. Two visitors are two clients, and both see the same site.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, MutableMapping
from threading import RLock
from typing import Any, Final
from weakref import WeakKeyDictionary

from bistro.ground.portal import Portal, Work
from bistro.ground.types import Application, Exchange


class Stage:
    """An app in an event loop, and how many clients use it there."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._lock = asyncio.Lock()
        self._is_started = False
        self.users_count = 0

    async def start(self) -> None:
        """Start the app, or wait until another client has. Raises what the start raises."""
        async with self._lock:
            if not self._is_started:
                await self._app.start()
                self._is_started = True

    async def stop_if_unused(self) -> None:
        """Stop the app where nobody uses it any more. Raises what the stop raises."""
        async with self._lock:
            if self._is_started and not self.users_count:
                self._is_started = False
                await self._app.stop()


# By event loop, then by app: nothing else is common to clients that know nothing of each other. A stage
# lives as long as one of them holds its app, whose `id` is therefore nobody else's.
_STAGES: Final[MutableMapping[asyncio.AbstractEventLoop, dict[int, Stage]]] = WeakKeyDictionary()


async def enter(app: Application) -> None:
    """Start `app` in this event loop unless another client has done it."""
    stage = _STAGES.setdefault(asyncio.get_running_loop(), {}).setdefault(id(app), Stage(app))
    stage.users_count += 1
    try:
        await stage.start()
    except BaseException:
        await leave(app)
        raise


async def leave(app: Application) -> None:
    """Stop `app` unless another client uses it in this event loop."""
    stages = _STAGES[asyncio.get_running_loop()]
    stage = stages[id(app)]
    stage.users_count -= 1
    try:
        await stage.stop_if_unused()
    finally:
        if not stage.users_count:  # somebody may have come while it stopped
            stages.pop(id(app), None)


class SharedApp:
    """`app` for a server in a test: started and stopped as clients do it, otherwise the same."""

    def __init__(self, app: Application) -> None:
        self._app = app

    # Any: see Application
    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """Answer `exchange`."""
        return self._app.handle(exchange)

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        """Tell the app what the server refused."""
        self._app.refuse(status, detail, client)

    async def start(self) -> None:
        """Start the app unless a client has done it."""
        await enter(self._app)

    async def stop(self) -> None:
        """Stop the app unless a client uses it."""
        await leave(self._app)


class SharedPortal:
    """The portal of all plain clients and servers of an app."""

    def __init__(self) -> None:
        self.portal = Portal("test client")
        self.users_count = 0


_PORTALS: Final[dict[int, SharedPortal]] = {}
# The garbage collector may release a portal in the midst of another release: the same thread gets in.
_LOCK: Final = RLock()


def borrow_portal(app: Application) -> Portal:
    """The portal in which tests without a loop call `app`, to be given back with `give_back_portal`."""
    with _LOCK:
        shared = _PORTALS.setdefault(id(app), SharedPortal())
        shared.users_count += 1
    return shared.portal


def give_back_portal(app: Application, last: Work[None]) -> None:
    """Run `last`, and end the portal where no other client uses it."""
    with _LOCK:
        shared = _PORTALS[id(app)]
        shared.users_count -= 1
        is_used = bool(shared.users_count)
        if not is_used:
            del _PORTALS[id(app)]
    if is_used:
        shared.portal.run_at_last(last)
    else:
        shared.portal.close(last)
