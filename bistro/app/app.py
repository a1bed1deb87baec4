"""`BaseApp`: what a site is made of, and the entry of every request.

`bistro.App` is this with the parts that every site needs; see `bistro/site.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from itertools import count
from typing import Any  # Any: what handlers and hooks take and give, what a coroutine yields

from bistro.app.assemble import (
    PlanMaker,
    Plans,
    find_commands,
    find_default_headers,
    find_providers,
    install_plugins,
)
from bistro.app.background import BackgroundKeeper
from bistro.app.hooks import Function, Observer
from bistro.app.lifespan import Lifespan, LifespanFunction
from bistro.app.plan import Plan
from bistro.app.setup import Check, Plugin, Registered, Setup
from bistro.app.threads import AppThreads
from bistro.ground.errors import FrozenError
from bistro.ground.registry import Origin, origin_of_caller
from bistro.ground.types import AsgiReceive, AsgiScope, AsgiSend, Exchange
from bistro.http import BadRequest, Empty, MethodNotAllowed, NotFound, Redirect, Response
from bistro.routing import Route, Routes, RouteTable, SlashPolicy, UrlTable, include
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


class Frozen:
    """An app that can't change any more: its table, its plans, its URLs."""

    def __init__(
        self,
        own_registered: Registered,
        plugins: tuple[Plugin, ...],
        own: Routes,
        slash: SlashPolicy,
        plans: Plans,
        threads: AppThreads,
    ) -> None:
        self.threads = threads
        registered = Registered()
        groups = install_plugins(plugins, registered)
        # Behind the plugins' own, so that a site has the last word.
        registered.extend(own_registered)
        self.commands = find_commands(registered)
        self.registered = registered
        # Each under a group of its own, as the app's routes are under the app's.
        everything = [route for group in groups for route in Routes([include(group)]).all_routes()]
        everything += own.all_routes()
        self.url = UrlTable(everything)
        self.keeper = BackgroundKeeper()
        maker = PlanMaker(
            registered,
            find_providers(registered),
            find_default_headers(registered),
            self.url,
            plans,
            self.keeper,
            self.threads,
            _request_ids(),
            own.hooks,
        )
        pairs = list(zip(everything, maker.make_all(everything), strict=True))
        self.table: RouteTable[Plan] = RouteTable(pairs, slash)
        self.plans: Mapping[Route, Plan] = {}
        self.routes = tuple(everything)
        self._pairs = pairs
        self._miss = maker.make(_miss_route(self.answer_miss))
        self._static = self.table.static
        self._find = self.table.find_dynamic

    def plan_of(self, route: Route) -> Plan:
        """The plan that was made for `route`."""
        return next(plan for each, plan in self._pairs if each is route)

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """The entry of every request: find its plan and run it."""
        plan = self._static[exchange.method].get(exchange.raw_path)
        if plan is not None:
            return plan(exchange, ())
        try:
            found = self._find(exchange.method, exchange.raw_path, exchange)
        except Exception:  # noqa: BLE001 - the plan for misses meets the same error inside its gate
            found = None
        if found is None:
            return self._miss(exchange, ())
        return found[0](exchange, found[1])

    def answer_miss(self, exchange: Exchange) -> Response:
        """404, 405 with `Allow`, the answer to OPTIONS, or the redirect that the slash policy asks for."""
        miss = self.table.explain_miss(exchange.method, exchange.raw_path, exchange)
        if miss.allow and exchange.method == "OPTIONS":
            return Empty(headers={"allow": ", ".join(sorted(miss.allow))})
        if miss.allow:
            raise MethodNotAllowed(allow=miss.allow)
        if miss.redirect_path is not None:
            query = f"?{exchange.query_string}" if exchange.query_string else ""
            return Redirect(miss.redirect_path + query, status=308)
        if self.table.find(exchange.method, exchange.raw_path, exchange) is not None:
            raise BadRequest  # found now, after an error of a predicate: its site's fault stays hidden
        raise NotFound


def _request_ids() -> Callable[[], str]:
    # No secrets, only unlikely to occur twice: what this app chose by chance, and a number. All of it
    # runs in C, at a third of the price of a random number for each request.
    return map(f"{os.urandom(6).hex()}{{:012x}}".format, count(1)).__next__


def _miss_route(handler: Callable[..., Any]) -> Route:
    """A route that no path leads to, for the plan of everything that no route answers."""
    holder = Routes()
    holder.get("/", blocking=False, name="no route")(handler)
    (route,) = holder.all_routes()
    return route
