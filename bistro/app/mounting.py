"""Mounted applications: their requests, and their start and stop with the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias  # Any: an ASGI scope is open, a WSGI application any callable

from bistro.app.background import BackgroundKeeper
from bistro.app.errors import MountError
from bistro.app.guest import Visit
from bistro.app.guest_lifespan import GuestLifespan
from bistro.app.lifespan import LifespanStep
from bistro.ground.registry import Origin
from bistro.ground.types import AsgiReceive, AsgiScope, AsgiSend, Exchange
from bistro.http import BadRequest, Request, Response, parse_host, quote_path
from bistro.http.url import unquote_path
from bistro.routing import DeclaredMount, Route

AsgiApplication: TypeAlias = Callable[[AsgiScope, AsgiReceive, AsgiSend], Awaitable[None]]
DEFAULT_PORTS = {"http": 80, "https": 443}
VISIT_KEY = "bistro.visit"
"""Where the bridge to WSGI finds the visit that a request belongs to."""


def hand_on(
    mount: DeclaredMount, keeper: BackgroundKeeper, origin: Origin
) -> Callable[[Request], Awaitable[Response]]:
    """The handler that has the mounted application answer; what it does afterwards, `keeper` keeps."""
    application = as_asgi(mount, origin)

    async def serve_mounted(request: Request) -> Response:
        visit = Visit(request, is_wsgi=mount.interface == "wsgi")
        scope = scope_of(request, mount) | {VISIT_KEY: visit}
        task = asyncio.get_running_loop().create_task(
            visit.run(application(scope, visit.receive, visit.send))
        )
        keeper.keep(task)
        return await visit.wait_for_answer(task)

    return serve_mounted


def as_asgi(mount: DeclaredMount, origin: Origin) -> AsgiApplication:
    """The mounted application as an ASGI one. Raises `MountError` where the bridge to WSGI is missing."""
    if mount.interface == "asgi":
        return mount.application
    try:
        # Only sites that mount a WSGI application need it.
        from a2wsgi import WSGIMiddleware
    except ImportError:
        raise MountError(
            f"{mount} is a WSGI application, and a2wsgi is not installed",
            where=(origin,),
            fix='Install the extra: pip install "bistro[wsgi]".',
        ) from None
    # Its own types of scope and messages are narrower than ours, which are open as the specification is.
    return WSGIMiddleware(_with_ends(mount.application))  # type: ignore[return-value]


def scope_of(request: Request, mount: DeclaredMount) -> AsgiScope:
    """The request as the mounted application sees it (ASGI specification 3.0, HTTP connection scope)."""
    exchange = request.exchange
    leading = "/".join(exchange.raw_path.split("/")[: mount.depth + 1])
    root_path = exchange.root_path + unquote_path(leading)
    raw_path = quote_path(exchange.root_path) + exchange.raw_path
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": exchange.http_version,
        "method": exchange.method,
        "scheme": exchange.scheme,
        "path": unquote_path(raw_path),
        "raw_path": raw_path.encode("ascii"),
        "query_string": exchange.query_string.encode("latin-1"),
        "root_path": root_path,
        "headers": _headers_of(exchange, mount),
        "client": exchange.client,
        "server": _server_of(request),
        "state": dict(mount.state),
    }


def lifespan_steps(routes: Sequence[Route]) -> list[LifespanStep]:
    """What starts and stops the mounted ASGI applications, each once."""
    mounts: dict[int, tuple[DeclaredMount, Origin]] = {}
    for route in routes:
        if isinstance(route.handler, DeclaredMount) and route.handler.interface == "asgi":
            mounts.setdefault(id(route.handler.application), (route.handler, route.origin))
    return [LifespanStep("around", _lifespan_of(*each), each[1]) for each in mounts.values()]


def _lifespan_of(mount: DeclaredMount, origin: Origin) -> Callable[[], AsyncGenerator[None]]:
    async def run() -> AsyncGenerator[None]:
        lifespan = GuestLifespan(mount.application, mount.state)
        try:
            await lifespan.start()
        except RuntimeError as error:
            raise MountError(f"{mount} failed to start: {error}", where=(origin,)) from error
        yield
        await lifespan.stop()

    return run


def _headers_of(exchange: Exchange, mount: DeclaredMount) -> Sequence[tuple[bytes, bytes]]:
    items = exchange.header_items()
    if mount.interface == "wsgi":
        # CGI's names make one of `X-Forwarded-For` and `X_Forwarded_For` (RFC 3875 §4.1.18): a client
        # could write what proxies and middleware in front take from it under the other name.
        items = [item for item in items if b"_" not in item[0]]
    return items


def _server_of(request: Request) -> tuple[str, int] | None:
    try:
        host, port = parse_host(request.headers.get("host", ""))
    except BadRequest:
        return None
    return host, port or DEFAULT_PORTS.get(request.scheme, 80)


# Any: an environment is open, and an application an open callable.
def _with_ends(application: Callable[..., Any]) -> Callable[..., Iterator[bytes]]:
    """`application`, told that a body ends, and stopped between two pieces that nobody waits for."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        # A body in chunks has no length; Werkzeug reads it only where it is told that it will end.
        environ["wsgi.input_terminated"] = True
        visit: Visit = environ["asgi.scope"][VISIT_KEY]
        pieces = application(environ, start_response)
        try:
            for piece in pieces:
                if visit.is_abandoned:
                    return
                yield piece
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    return call
