"""`BaseApp`: what a site is made of, and the entry of every request.

`bistro.App` is this with the parts that every site needs; see `bistro/site.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any  # Any: what handlers and hooks take and give, what a coroutine yields

from bistro.app.assemble import Plans
from bistro.app.frozen import Frozen
from bistro.app.hooks import Function, Observer
from bistro.app.lifespan import Lifespan, LifespanFunction
from bistro.app.setup import Check, Plugin, Registered, Setup
from bistro.app.threads import AppThreads
from bistro.ground.errors import FrozenError
from bistro.ground.registry import Origin, origin_of_caller
from bistro.ground.types import AsgiReceive, AsgiScope, AsgiSend, Exchange
from bistro.routing import Routes, SlashPolicy
from bistro.serving.asgi import AsgiAdapter
from bistro.serving.run import Binding, address_of, run_app

BACKGROUND_GRACE_SECONDS = 10.0


class BaseApp:
    """A site: routes, hooks, plugins, and the entry of every request.

    `slash` says what happens to `/items/` where only `/items` is a route. `plans="interpreted"`
    walks each request's steps in a loop instead of writing a function for them; it is the slow
    specification of the same thing. At most `threads_max` blocking handlers run at once, by default
    processors + 4; others wait. An app is an ASGI 3 callable.
    """

    def __init__(
        self,
        *plugins: Plugin,
        slash: SlashPolicy = "redirect",
        plans: Plans = "written",
        threads_max: int | None = None,
    ) -> None:
        self.origin: Origin = origin_of_caller("App")
        self.plugins = plugins
        self.routes = routes = Routes()
        self._slash: SlashPolicy = slash
        self._plans: Plans = plans
        self._registered = Registered()
        self._setup = Setup(self._registered, "")
        self._threads = AppThreads(threads_max)
        self._lifespan: Lifespan | None = None
        self._frozen: Frozen | None = None
        self._asgi: AsgiAdapter | None = None
        # One interface for registration: an app has routes, and lends their methods its name.
        self.get, self.post, self.put = routes.get, routes.post, routes.put
        self.patch, self.delete, self.head = routes.patch, routes.delete, routes.head
        self.options, self.route, self.redirect = routes.options, routes.route, routes.redirect
        self.include, self.converter = routes.include, routes.converter
        self.before, self.after, self.around = routes.before, routes.after, routes.around
        self.on_error = routes.on_error

    # --- what only the whole app has ----------------------------------------------------------------

    def provide(self, kind: type, function: Function, *, override: bool = False) -> None:
        """Give every parameter of type `kind` what `function` makes, once a request."""
        self._open_setup().provide(kind, function, override=override)

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
            self._frozen = Frozen(
                self._registered, self.plugins, self.routes, self._slash, self._plans, self._threads
            )
            self.routes.freeze()
            self.handle = self._frozen.handle  # type: ignore[method-assign]  # one frame less from now on
        return self._frozen

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

    async def start(self) -> None:
        """Freeze, then open what was registered with `on_start` and `lifespan`."""
        self._lifespan = Lifespan(tuple(self.freeze().registered.steps))
        await self._lifespan.start()

    async def stop(self) -> None:
        """Let background jobs finish for a while, then close what `start` opened, last first."""
        if self._frozen is not None:
            await self._frozen.keeper.wait_for_all(BACKGROUND_GRACE_SECONDS)
        await self._threads.close()
        if self._lifespan is not None:
            await self._lifespan.stop()

    def run(self, *, host: str = "127.0.0.1", port: int = 8000) -> int:
        """Serve this app in this process until SIGTERM or Ctrl-C; the exit code, 0 or 130.

        For a file that is run by itself. `bistro run` does more: reload, workers, the environment.
        Raises OSError if the address can't be had, and what the app raises at its start.
        """
        self.freeze()
        with Binding(host, port).open() as sock:
            sys.stderr.write(f"Bistro serves {address_of(sock)} (Ctrl-C stops it)\n")
            return run_app(self, sock)

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """The ASGI 3 face."""
        if self._asgi is None:
            self._asgi = AsgiAdapter(self)
        await self._asgi(scope, receive, send)
