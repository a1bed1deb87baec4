"""An app that can't change any more, and the entry of every request."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, TypeAlias  # Any: what a coroutine yields is between it and its event loop

from bistro.app.assemble import PlanMaker
from bistro.app.background import BackgroundKeeper
from bistro.app.claims import (
    find_answers,
    find_commands,
    find_default_headers,
    find_model_packages,
    find_providers,
)
from bistro.app.late import injected_globals
from bistro.app.mounting import lifespan_steps
from bistro.app.options import AppOptions
from bistro.app.plan import Plan
from bistro.app.plugins import install_plugins
from bistro.app.proxies import TrustedProxies
from bistro.app.setup import Plugin, Registered
from bistro.ground.types import Exchange
from bistro.http import (
    BadRequest,
    Empty,
    MethodNotAllowed,
    NotFound,
    Redirect,
    Response,
    UpgradeRequired,
    parse_host,
    quote_path,
    read_hops,
)
from bistro.http.websocket import UPGRADE
from bistro.routing import HookRecord, Route, Routes, RouteTable, UrlTable, include

Entry: TypeAlias = Callable[[Exchange], Coroutine[Any, Any, None] | None]


class Frozen:
    """An app that can't change any more: its table, its plans, its URLs."""

    def __init__(
        self,
        own_registered: Registered,
        plugins: tuple[Plugin, ...],
        own: Routes,
        options: AppOptions,
        proxies: TrustedProxies | None = None,
    ) -> None:
        self._options = options
        self.threads = options.threads
        self.registered = registered = Registered()
        groups = install_plugins(plugins, registered, options.folder)
        # Behind the plugins' own, so that a site has the last word.
        registered.extend(own_registered)
        self.commands = find_commands(registered)
        self.providers = find_providers(registered)
        self.model_packages = find_model_packages(registered)
        registered.template_parts.raise_conflicts()
        self.routes = _all_routes(own, groups)
        registered.steps += lifespan_steps(self.routes)
        self.url = UrlTable(self.routes, options.root_path)
        self.keeper = BackgroundKeeper()
        maker = self._make_maker(own.hooks)
        pairs = list(zip(self.routes, maker.make_all(self.routes), strict=True))
        self.table: RouteTable[Plan] = RouteTable(pairs, options.slash)
        self._plan_by_route = {id(route): plan for route, plan in pairs}
        self._miss = maker.make(_miss_route(self.answer_miss))
        if proxies is not None:
            self._refused = maker.make(_miss_route(read_hops_again))
            self.handle = self._handle_from(proxies, self.handle)  # type: ignore[method-assign, assignment]  # nothing without
        self._static = self.table.static
        self._find = self.table.find_dynamic

    def _make_maker(self, app_hooks: Sequence[HookRecord]) -> PlanMaker:
        answers = find_answers(self.registered)
        return PlanMaker(
            registered=self.registered,
            providers=self.providers,
            defaults=find_default_headers(self.registered),
            answers=answers,
            url_for=self.url,
            options=self._options,
            keeper=self.keeper,
            new_id=_request_ids(),
            app_hooks=app_hooks,
            globals=injected_globals(self.registered.template_parts) if answers.ask_late else {},
        )

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

    def _handle_from(self, proxies: TrustedProxies, handle: Entry) -> Entry:
        """`handle` for requests that a trusted proxy may have passed on."""
        refused = self._refused

        def handle_from_proxy(exchange: Exchange) -> Coroutine[Any, Any, None] | None:
            try:
                proxies.tell(exchange)
            except BadRequest:
                return refused(exchange, ())
            return handle(exchange)

        return handle_from_proxy

    def answer_miss(self, exchange: Exchange) -> Response:
        """404, 405, 426, the answer to OPTIONS, or the redirect that the slash policy asks for."""
        miss = self.table.explain_miss(exchange.method, exchange.raw_path, exchange)
        if miss.allow and exchange.method == "OPTIONS":
            return Empty(headers={"allow": ", ".join(sorted(miss.allow))})
        if miss.allow:
            raise MethodNotAllowed(allow=miss.allow)
        if miss.is_for_websockets:
            raise UpgradeRequired("Connect with a WebSocket.", headers=UPGRADE)
        if miss.redirect_path is not None:
            query = f"?{exchange.query_string}" if exchange.query_string else ""
            root = quote_path(exchange.root_path or self._options.root_path)
            return Redirect(root + miss.redirect_path + query, status=308)
        raise NotFound


def _all_routes(own: Routes, groups: Sequence[Routes]) -> tuple[Route, ...]:
    """Those of plugins, then the app's own."""
    # Each under a group of its own, as the app's routes are under the app's.
    under_app = [Routes([include(group)], **own.group_options) for group in groups]
    return tuple(route for group in (*under_app, own) for route in group.all_routes())


def _request_ids() -> Callable[[], str]:
    # No secrets, only unlikely to occur twice: what this app chose by chance, and a number. All of it
    # runs in C, at a fifth of the price of a random number for each request.
    return map(f"{os.urandom(6).hex()}%012x".__mod__, count(1)).__next__


def read_hops_again(exchange: Exchange) -> None:
    """Raise once more what made a proxy's headers unreadable, now inside of a plan and its hooks."""
    for hop in read_hops(exchange.header_items()):
        if hop.host:
            parse_host(hop.host)
    raise BadRequest


def _miss_route(handler: Callable[..., Any]) -> Route:
    """A route that no path leads to, for the plan of everything that no route answers."""
    holder = Routes()
    holder.get("/", blocking=False, name="no route")(handler)
    (route,) = holder.all_routes()
    return route
