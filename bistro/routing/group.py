"""`Routes`: where an application, a group or a plugin records its routes.

Recording has no other effect: no path is read and nothing is checked across routes until
`all_routes` flattens the whole. So the order of imports doesn't matter, and one `Routes` may be
included twice under different prefixes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, Unpack

from msgspec.structs import replace

from bistro.ground.errors import FrozenError
from bistro.ground.registry import Origin, origin_of_caller
from bistro.routing.converters import Converter, ConverterEntry
from bistro.routing.errors import RouteError
from bistro.routing.flatten import flatten
from bistro.routing.mounts import Interface, find_socket_mount, make_mount
from bistro.routing.options import (
    GroupOptions,
    HookOptions,
    RouteOptions,
    WebSocketRouteOptions,
    check_group_options,
)
from bistro.routing.records import (
    IncludeRecord,
    Record,
    RecordedRoutes,
    RedirectRecord,
    make_include,
    make_record,
    make_websocket_record,
    origin_of_handler,
    require_path,
)
from bistro.routing.route import Handler, HookKind, HookRecord, Route

# Bound to any callable, so that a decorated handler or hook keeps its own type.
HandlerType = TypeVar("HandlerType", bound=Handler)


class Routes:
    """Routes that belong together; `include` them in others or in an app under a prefix.

    `table` holds entries made by `bistro.routing.get`, `post`, `include` and so on; `name` goes in
    front of the names of the routes; `by` tells in messages who made them; `options` hold for all
    routes in and below these that don't say otherwise.
    """

    def __init__(
        self,
        table: Iterable[Record] = (),
        *,
        name: str = "",
        converters: Iterable[Converter] = (),
        by: str = "",
        **options: Unpack[GroupOptions],
    ) -> None:
        self.name = name
        self.by = by
        self.origin: Origin = origin_of_caller("Routes", by)
        self.records: list[Record] = []
        self.hooks: list[HookRecord] = []
        self.group_options = check_group_options(options)
        self.converters: dict[str, ConverterEntry] = {each.name: each for each in converters}
        self._is_frozen = False
        for record in table:
            self.add(record)

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer GET, and HEAD unless another route does, on `path` with the decorated handler."""
        return self.route("GET", path, **options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer POST on `path` with the decorated handler."""
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer PUT on `path` with the decorated handler."""
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer PATCH on `path` with the decorated handler."""
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer DELETE on `path` with the decorated handler."""
        return self.route("DELETE", path, **options)

    def head(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer HEAD on `path` with the decorated handler instead of the one for GET."""
        return self.route("HEAD", path, **options)

    def options(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerType], HandlerType]:
        """Answer OPTIONS on `path` with the decorated handler instead of by itself."""
        return self.route("OPTIONS", path, **options)

    def route(
        self, methods: str | Iterable[str], path: str, **options: Unpack[RouteOptions]
    ) -> Callable[[HandlerType], HandlerType]:
        """Answer `methods` on `path` with the decorated handler. Raises `RouteError` where it has no path."""
        require_path(path)

        def record(handler: HandlerType) -> HandlerType:
            self.add(make_record(methods, path, handler, options, origin_of_handler(handler)))
            return handler

        return record

    def websocket(
        self, path: str, **options: Unpack[WebSocketRouteOptions]
    ) -> Callable[[HandlerType], HandlerType]:
        """Answer WebSockets on `path` with the decorated handler, which takes a `WebSocket`."""
        require_path(path)

        def record(handler: HandlerType) -> HandlerType:
            self.add(make_websocket_record(path, handler, options, origin_of_handler(handler)))
            return handler

        return record

    def redirect(
        self, path: str, target: str, *, permanent: bool = True, keep_query: bool = True, name: str = ""
    ) -> None:
        """Redirect GET on `path` to `target`: a path in these routes, or an `https://` URL.

        Parameters of `path` may stand in `target`: `redirect("/n/{id:int}", "/notes/{id}")`.
        """
        origin = origin_of_caller(f"redirect to {target}")
        self.add(RedirectRecord(path, target, permanent, keep_query, name, origin))

    def mount(
        self,
        at: str,
        application: Handler,
        *,
        interface: Interface | None = None,
        **options: Unpack[RouteOptions],
    ) -> None:
        """Hand every request under the prefix `at` to another ASGI or WSGI application, WebSockets too.

        Routes with a longer or more exact path come first; `"/"` is for all that no route answers.
        `interface` says which kind it is where its signature doesn't.
        """
        mount = make_mount(at, application, interface, origin_of_caller(f"mount {at}"), options)
        self.add(mount)
        sockets = find_socket_mount(mount)
        if sockets is not None:
            self.add(sockets)

    def include(
        self, routes: RecordedRoutes, at: str = "", *, name: str = "", host: str | None = None, by: str = ""
    ) -> None:
        """Put `routes` under the prefix `at`, their names behind `name.`, for `host` only if given.

        Later additions to `routes` count too. Raises RouteError if `routes` hold these already.
        """
        self.add(make_include(routes, at, name, host, by))

    def add(self, record: Record) -> None:
        """Take in an entry of a central table, made by `bistro.routing.get`, `include` and so on."""
        self._check_open(record.origin)
        if isinstance(record, IncludeRecord) and self in _all_groups(record.routes):
            fix = "Include each group in one direction only."
            raise RouteError("a group of routes that holds itself", where=(record.origin,), fix=fix)
        if self.by and not record.origin.by:
            record = replace(record, origin=replace(record.origin, by=self.by))
        self.records.append(record)

    def before(self, hook: HandlerType, /, **options: Unpack[HookOptions]) -> HandlerType:
        """Call `hook` before the handlers in this group."""
        return self._add_hook("before", hook, options)

    def after(self, hook: HandlerType, /, **options: Unpack[HookOptions]) -> HandlerType:
        """Call `hook` with the answers of the handlers in this group."""
        return self._add_hook("after", hook, options)

    def around(self, hook: HandlerType, /, **options: Unpack[HookOptions]) -> HandlerType:
        """Wrap `hook` around the handlers in this group."""
        return self._add_hook("around", hook, options)

    def on_error(self, exception: type[BaseException], /) -> Callable[[HandlerType], HandlerType]:
        """Answer `exception`, raised by handlers in this group, with the decorated function."""

        def record(hook: HandlerType) -> HandlerType:
            return self._add_hook("on_error", hook, {"exception": exception})

        return record

    def converter(self, converter: Converter) -> None:
        """Make `{name:converter.name}` known to the paths in and below this group."""
        self._check_open(origin_of_caller("converter"))
        self.converters[converter.name] = converter

    def freeze(self) -> None:
        """Refuse whatever is added from now on, here and in the groups below: the app serves already."""
        for group in _all_groups(self):
            if isinstance(group, Routes):
                group._is_frozen = True

    def all_routes(self, converters: Mapping[str, ConverterEntry] | None = None) -> list[Route]:
        """Every route in and below this group, prefixes and names joined, in the order of writing.

        `converters` are known besides the built-in ones. Raises PatternError for paths and hosts
        that can't be read, all of them at once.
        """
        return flatten(self, converters or {})

    # Any: options of a hook are opaque to routing.
    def _add_hook(self, kind: HookKind, hook: HandlerType, options: Mapping[str, Any]) -> HandlerType:
        origin = origin_of_handler(hook)
        if self.by:
            origin = replace(origin, by=self.by)
        self._check_open(origin)
        self.hooks.append(HookRecord(kind, hook, origin, dict(options)))
        return hook

    def _check_open(self, origin: Origin) -> None:
        if self._is_frozen:
            fix = "Register everything while modules are imported, before the app starts."
            raise FrozenError("these routes serve already", where=(origin,), fix=fix)


def _all_groups(routes: RecordedRoutes) -> Iterator[RecordedRoutes]:
    yield routes
    for record in routes.records:
        if isinstance(record, IncludeRecord):
            yield from _all_groups(record.routes)
