"""`BaseApp`: what a site is made of, and the entry of every request.

`bistro.App` is this with the parts that every site needs; see `bistro/site.py`.
"""

from __future__ import annotations

import os
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import (  # Any: what handlers and hooks take and give, what a coroutine yields
    Any,
    Self,
    TypeVar,
    Unpack,
)

from bistro.app.answers import Answer
from bistro.app.faces import Faces
from bistro.app.frozen import Frozen
from bistro.app.hooks import Function, Observer
from bistro.app.lifespan import Lifespan, LifespanFunction
from bistro.app.mounting import AsgiApplication
from bistro.app.options import AppOptions, Plans
from bistro.app.outside import OutsideValues
from bistro.app.plugins import with_brought
from bistro.app.proxies import find_trusted_proxies
from bistro.app.setup import Check, Plugin, Registered, Setup
from bistro.app.signatures import reading_once
from bistro.app.subrequest import ask_itself
from bistro.app.threads import AppThreads
from bistro.ground.errors import FrozenError, SetupError
from bistro.ground.registry import Origin, origin_of_caller
from bistro.ground.types import Exchange, RsgiApplication, StartResponse, WsgiEnviron
from bistro.http import Request, Response, WebSocketOptions
from bistro.routing import GroupOptions, Routes, SlashPolicy

BACKGROUND_GRACE_SECONDS = 10.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def checked_root_path(path: str) -> str:
    """`path` without a slash at its end. Raises `SetupError` where it doesn't begin with one."""
    if path and (not path.startswith("/") or path.startswith("//")):
        fix = f'Write App(root_path="/{path.strip("/")}").'
        raise SetupError(f"root_path can't be {path!r}", where=(origin_of_caller("App"),), fix=fix)
    return path.rstrip("/")


ExtensionType = TypeVar("ExtensionType", bound=type)


class BaseApp:
    """A site: routes, hooks, plugins, and the entry of every request.

    `slash` says what happens to `/items/` where only `/items` is a route. `plans="interpreted"`
    walks each request's steps in a loop instead of writing a function for them; it is the slow
    specification of the same thing. At most `threads_max` blocking handlers run at once, by default
    processors + 4; others wait. `websockets` are the limits of WebSockets where a route has none of its
    own. `root_path` is where others have mounted the app, or what a proxy takes away from the front of
    paths: it stands in front of every URL that is made. `trusted_proxies` are addresses, networks and
    `unix`, by default those in the environment's `TRUSTED_PROXIES`: what they say of client, scheme
    and host is believed. `options` hold for all routes, those of plugins
    too, that don't say otherwise. An app is an ASGI 3 callable.
    """

    def __init__(
        self,
        *plugins: Plugin,
        slash: SlashPolicy = "redirect",
        plans: Plans = "written",
        threads_max: int | None = None,
        websockets: WebSocketOptions | None = None,
        root_path: str = "",
        trusted_proxies: Sequence[str] | None = None,
        **options: Unpack[GroupOptions],
    ) -> None:
        self.origin: Origin = origin_of_caller("App")
        self.plugins = plugins
        self.routes = routes = Routes(**options)
        self._registered = Registered()
        self._setup = Setup(self._registered, "")
        self._options = AppOptions(
            folder=Path(self.origin.file).parent,
            slash=slash,
            plans=plans,
            threads=AppThreads(threads_max),
            websockets=websockets or WebSocketOptions(),
            root_path=checked_root_path(root_path),
        )
        self._trusted_proxies = trusted_proxies
        self._lifespan: Lifespan | None = None
        self._frozen: Frozen | None = None
        self._faces = Faces(self)
        # One interface for registration: an app has routes, and lends their methods its name.
        self.get, self.post, self.put = routes.get, routes.post, routes.put
        self.patch, self.delete, self.head = routes.patch, routes.delete, routes.head
        self.options, self.route, self.redirect = routes.options, routes.route, routes.redirect
        self.websocket, self.mount = routes.websocket, routes.mount
        self.include, self.converter = routes.include, routes.converter
        self.before, self.after, self.around = routes.before, routes.after, routes.around
        self.on_error = routes.on_error

    # --- what only the whole app has ----------------------------------------------------------------

    # Any: see Setup.provide
    def provide(self, kind: Any, function: Function, *, override: bool = False) -> None:
        """Give every parameter of type `kind` what `function` makes, once a request."""
        self._open_setup().provide(kind, function, override=override)

    def answer(self, kind: type, function: Answer, *, override: bool = False) -> None:
        """Let `function(result, request)` make the response where a handler returns a `kind`."""
        self._open_setup().answer(kind, function, override=override)

    def observe(self, function: Observer) -> None:
        """Call `function` with request, status and seconds once for each answer that was sent."""
        self._open_setup().observe(function)

    def on_start(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """Call (or await) `function` when the app starts; a decorator."""
        self._open_setup().on_start(function)
        return function

    def on_stop(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """Call (or await) `function` when the app stops; a decorator."""
        self._open_setup().on_stop(function)
        return function

    def lifespan(self, function: LifespanFunction) -> LifespanFunction:
        """Run the generator `function` to its `yield` at start, and from there at stop; a decorator."""
        self._open_setup().lifespan(function)
        return function

    def command(self, name: str, *, help: str = "", override: bool = False) -> Callable[[Function], Function]:
        """Add the command `bistro NAME`; a decorator."""

        def record(function: Function) -> Function:
            self._open_setup().command(name, function, help=help, override=override)
            return function

        return record

    def check(self, function: Check) -> Check:
        """Let `bistro check` call `function` with this app; a decorator."""
        self._open_setup().check(function)
        return function

    def templates(self, folder: str | os.PathLike[str]) -> None:
        """Look for templates in `folder` too, before those of plugins."""
        self._open_setup().templates(folder, override=True)

    def template_global(self, name: str, *, override: bool = False) -> Callable[[Function], Function]:
        """Let templates use `name`, made by the decorated function when one does."""
        return self._naming(self._open_setup().template_global, name, override)

    def template_function(self, name: str, *, override: bool = False) -> Callable[[Function], Function]:
        """Let templates call the decorated function as `name`."""
        return self._naming(self._open_setup().template_function, name, override)

    def template_filter(self, name: str, *, override: bool = False) -> Callable[[Function], Function]:
        """Let templates write `value|name`, which gives what the decorated function does."""
        return self._naming(self._open_setup().template_filter, name, override)

    def template_test(self, name: str, *, override: bool = False) -> Callable[[Function], Function]:
        """Let templates write `value is name`, which asks the decorated function."""
        return self._naming(self._open_setup().template_test, name, override)

    def template_tag(self, extension: ExtensionType) -> ExtensionType:
        """Let templates use the tags of the decorated class, which is made from `jinja2.ext.Extension`."""
        self._open_setup().template_tag(extension)
        return extension

    def url(self, route: Callable[..., Any] | str, /, **parameters: Any) -> str:
        """The URL of a route by its handler or name; also `query=`, `fragment=`, `absolute_base=`."""
        return self.freeze().url(route, **parameters)

    # --- freezing -------------------------------------------------------------------------------------

    @property
    def is_frozen(self) -> bool:
        """Whether everything has been checked and planned."""
        return self._frozen is not None

    def freeze(self) -> Frozen:
        """Install the plugins, check everything, make the plans; once. Raises `SetupError`."""
        if self._frozen is None:
            self.plugins = with_brought(self.plugins)
            proxies = find_trusted_proxies(self._trusted_proxies, os.environ, (self.origin,))
            with reading_once():
                self._frozen = Frozen(self._registered, self.plugins, self.routes, self._options, proxies)
            self.routes.freeze()
            self.handle = self._frozen.handle  # type: ignore[method-assign]  # one frame less from now on
        return self._frozen

    @staticmethod
    def _naming(verb: Callable[..., None], name: str, override: bool) -> Callable[[Function], Function]:
        def record(function: Function) -> Function:
            verb(name, function, override=override)
            return function

        return record

    def _open_setup(self) -> Setup:
        if self._frozen is not None:
            fix = "Register everything while modules are imported, before the app starts."
            raise FrozenError("this app serves already", where=(origin_of_caller(),), fix=fix)
        return self._setup

    # --- what servers call ----------------------------------------------------------------------------

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """Answer `exchange`; what comes back, if anything, is to be awaited."""
        return self.freeze().handle(exchange)

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        """Note that the server answered `status` to bytes that are no valid request."""
        for function, _ in self.freeze().registered.refusals:
            function(status, detail, client)

    async def subrequest(
        self,
        target: str,
        *,
        of: Request,
        method: str = "GET",
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        size_max: int = 10 * 1024 * 1024,
    ) -> Response:
        """Ask this app itself, in the process and for the client of `of`; its answer, whole.

        `target` is path and query, beneath where the app is mounted. Host, cookies, log-in and the
        request's id are those of `of`; all hooks run. An error is an answer, as for everyone. Raises
        RuntimeError for an answer over `size_max` bytes, and for more than 8 within each other.
        """
        return await ask_itself(self, target, method, headers, body, of, size_max)

    async def provided(self, stack: AsyncExitStack, kinds: Mapping[str, Any]) -> dict[str, Any]:
        """By name, what a handler's parameter of each of these types would get, outside of a request.

        The site must be started; clean-up is left to `stack`. Raises InjectionError for what needs a request.
        """
        values = OutsideValues(self.freeze().providers, stack)
        return {name: await values.get(kind) for name, kind in kinds.items()}

    async def start(self) -> None:
        """Freeze, then open what was registered with `on_start` and `lifespan`."""
        self._lifespan = Lifespan(tuple(self.freeze().registered.steps))
        await self._lifespan.start()

    async def stop(self) -> None:
        """Let background jobs finish for a while, then close what `start` opened, last first."""
        if self._frozen is not None:
            await self._frozen.keeper.wait_for_all(BACKGROUND_GRACE_SECONDS)
        await self._options.threads.close()
        if self._lifespan is not None:
            await self._lifespan.stop()

    def run(self, *, host: str = "127.0.0.1", port: int = 8000) -> int:
        """Serve this app in this process until SIGTERM or Ctrl-C; the exit code, 0 or 130.

        For a file that is run by itself. `bistro run` does more: reload, workers, the environment.
        Raises OSError if the address can't be had, and what the app raises at its start.
        """
        # Loaded late: under another server, in a test and for a command, nothing is served here.
        from bistro.serving.binding import Binding, address_of
        from bistro.serving.run import run_app

        self.freeze()
        with Binding(host, port).open() as sock:
            sys.stderr.write(f"Bistro serves {address_of(sock)} (Ctrl-C stops it)\n")
            return run_app(self, sock)

    async def __aenter__(self) -> Self:
        """Start it, for a command or a script that uses what it opens; leaving stops it."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def __call__(self) -> AsgiApplication:
        """The ASGI 3 face: `uvicorn app:app`."""
        return self._faces.asgi

    @property
    def __rsgi_init__(self) -> Callable[[AbstractEventLoop], None]:
        """The RSGI face, of three functions: `granian --interface rsgi app:app`. This one starts the app."""
        return self._faces.rsgi.start

    @property
    def __rsgi__(self) -> RsgiApplication:
        """The function of the RSGI face that answers requests."""
        return self._faces.rsgi.serve

    @property
    def __rsgi_del__(self) -> Callable[[AbstractEventLoop], None]:
        """The function of the RSGI face that stops the app."""
        return self._faces.rsgi.stop

    def wsgi(self, environ: WsgiEnviron, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI face, for servers that know nothing else: `wsgi = app.wsgi`, then `gunicorn app:wsgi`."""
        return self._faces.wsgi(environ, start_response)
