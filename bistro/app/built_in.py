"""Handlers and hooks that the framework itself puts into a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from bistro.app.markers import Proceed
from bistro.http import GatewayTimeout, Redirect, Request, Response
from bistro.routing import DeclaredRedirect


def follow(declared: DeclaredRedirect) -> Callable[[Request], Response]:
    """The handler of a redirect that was declared with `redirect(path, target)`."""

    def redirect(request: Request) -> Response:
        target = declared.location(request.path_parameters, request.exchange.query_string)
        # Whoever declares a target on another host means that host.
        host = urlsplit(target).netloc
        return Redirect(
            target, status=308 if declared.permanent else 307, allowed_hosts=[host] if host else ()
        )

    return redirect


def time_limit(seconds: float) -> Callable[[Proceed], Awaitable[Response]]:
    """An around hook that answers 504 where the handler takes longer than `seconds`.

    A `def` handler runs on in its thread, since a thread can't be stopped; nobody waits for it.
    """

    async def limit_time(proceed: Proceed) -> Response:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await proceed()
        except TimeoutError:
            if limit.expired():
                raise GatewayTimeout(f"The answer took longer than {seconds:g} seconds.") from None
            raise

    return limit_time
