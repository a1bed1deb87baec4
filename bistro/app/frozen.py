"""An app that can't change any more, and the entry of every request."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any  # Any: what a coroutine yields is between it and its event loop

from bistro.app.assemble import PlanMaker, Plans
from bistro.app.background import BackgroundKeeper
from bistro.app.claims import find_commands, find_default_headers, find_providers
from bistro.app.plan import Plan
from bistro.app.plugins import install_plugins
from bistro.app.setup import Plugin, Registered
from bistro.app.threads import AppThreads
from bistro.ground.types import Exchange
from bistro.http import Empty, MethodNotAllowed, NotFound, Redirect, Response
from bistro.routing import Route, Routes, RouteTable, SlashPolicy, UrlTable, include


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
        self.routes = tuple(everything)
        self._plan_by_route = {id(route): plan for route, plan in pairs}
        self._miss = maker.make(_miss_route(self.answer_miss))
        self._static = self.table.static
        self._find = self.table.find_dynamic

    def plan_of(self, route: Route) -> Plan:
        """The plan that was made for `route`."""
        return self._plan_by_route[id(route)]

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
