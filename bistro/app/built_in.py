"""Handlers and hooks that the framework itself puts into a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from bistro.app.background import BackgroundKeeper
from bistro.app.markers import Proceed
from bistro.http import GatewayTimeout, Redirect, Request, Response, quote_path
from bistro.routing import DeclaredRedirect


def follow(declared: DeclaredRedirect, root_path: str) -> Callable[[Request], Response]:
    """The handler of a redirect that was declared with `redirect(path, target)`."""

    def redirect(request: Request) -> Response:
        target = declared.location(request.path_parameters, request.exchange.query_string)
        if target.startswith("/"):
            target = quote_path(request.exchange.root_path or root_path) + target
        # Whoever declares a target on another host means that host.
        host = urlsplit(target).netloc
        return Redirect(
            target, status=308 if declared.permanent else 307, allowed_hosts=[host] if host else ()
        )

    return redirect


def time_limit(seconds: float) -> Callable[[Proceed], Awaitable[Response]]:
    """An around hook that cancels the handler and answers 504 where it takes longer than `seconds`.

    A `def` handler can't be stopped while it runs in its thread: this answers when it has ended.
    """

    async def limit_time(proceed: Proceed) -> Response:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await proceed()
        except TimeoutError:
            if limit.expired():
                raise _too_late(seconds) from None
            raise

    return limit_time


def time_limit_of_thread(
    seconds: float, keeper: BackgroundKeeper
) -> Callable[[Proceed], Awaitable[Response]]:
    """The same for a `def` handler, which runs on in its thread when the 504 is sent.

    What was opened for it stays open until it has ended, and is told then that it was cancelled.
    """

    async def limit_time(proceed: Proceed) -> Response:
        task = asyncio.ensure_future(_as_coroutine(proceed))
        try:
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:  # the client has gone: wait for the thread, as without a limit
            task.cancel()
            await asyncio.wait({task})
            raise
        if not task.done():
            task.cancel()
            keeper.keep(task)
            raise _too_late(seconds)
        return task.result()

    return limit_time


async def _as_coroutine(proceed: Proceed) -> Response:
    return await proceed()


def _too_late(seconds: float) -> GatewayTimeout:
    return GatewayTimeout(f"The answer took longer than {seconds:g} seconds.")
