"""What is written down when a route, a redirect or a group is declared, before anything is joined.

The functions below are the entries of a central route table, `Routes([get("/", index), …])`;
the methods of `Routes` make the same records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Final, Protocol, TypeAlias, Unpack

from msgspec import Struct

from bistro.ground.registry import Origin, find_origin, origin_of_caller
from bistro.routing.converters import ConverterEntry
from bistro.routing.errors import PatternError, RouteError
from bistro.routing.options import RouteOptions, WebSocketRouteOptions, find_wrong_value
from bistro.routing.predicates import IS_HANDSHAKE, Predicate
from bistro.routing.route import Handler, HookRecord

AnyOptions: TypeAlias = RouteOptions | WebSocketRouteOptions


class RouteRecord(Struct, frozen=True):
    """A route as it was written, before prefixes and names are joined to it."""

    methods: frozenset[str]
    path: str
    handler: Handler
    options: AnyOptions
    origin: Origin


class RedirectRecord(Struct, frozen=True):
    """A redirect as it was written."""

    path: str
    target: str
    permanent: bool
    keep_query: bool
    name: str
    origin: Origin


class IncludeRecord(Struct, frozen=True):
    """A group inside another, and what it adds: `at` to the paths, `name` to the names."""

    routes: RecordedRoutes
    at: str
    name: str
    host: str | None
    by: str
    origin: Origin


Record: TypeAlias = RouteRecord | RedirectRecord | IncludeRecord


class RecordedRoutes(Protocol):
    """What flattening needs of `Routes`."""

    @property
    def records(self) -> Sequence[Record]:
        """In the order of writing."""
        ...

    @property
    def hooks(self) -> Sequence[HookRecord]:
        """The hooks on this group."""
        ...

    @property
    def group_options(self) -> Mapping[str, object]:
        """Options for every route that doesn't say otherwise."""
        ...

    @property
    def converters(self) -> Mapping[str, ConverterEntry]:
        """The group's own converters by name."""
        ...

    @property
    def name(self) -> str:
        """The group's own part of the names."""
        ...

    @property
    def origin(self) -> Origin:
        """Where the group was made."""
        ...


def get(path: str, handler: Handler, **options: Unpack[RouteOptions]) -> RouteRecord:
    """GET (and HEAD) on `path`, for a central table."""
    return make_record("GET", path, handler, options, origin_of_caller(name_of(handler)))


def post(path: str, handler: Handler, **options: Unpack[RouteOptions]) -> RouteRecord:
    """POST on `path`, for a central table."""
    return make_record("POST", path, handler, options, origin_of_caller(name_of(handler)))


def put(path: str, handler: Handler, **options: Unpack[RouteOptions]) -> RouteRecord:
    """PUT on `path`, for a central table."""
    return make_record("PUT", path, handler, options, origin_of_caller(name_of(handler)))


def patch(path: str, handler: Handler, **options: Unpack[RouteOptions]) -> RouteRecord:
    """PATCH on `path`, for a central table."""
    return make_record("PATCH", path, handler, options, origin_of_caller(name_of(handler)))


def delete(path: str, handler: Handler, **options: Unpack[RouteOptions]) -> RouteRecord:
    """DELETE on `path`, for a central table."""
    return make_record("DELETE", path, handler, options, origin_of_caller(name_of(handler)))


def route(
    methods: str | Iterable[str], path: str, handler: Handler, **options: Unpack[RouteOptions]
) -> RouteRecord:
    """Any `methods` on `path`, for a central table."""
    return make_record(methods, path, handler, options, origin_of_caller(name_of(handler)))


def websocket(path: str, handler: Handler, **options: Unpack[WebSocketRouteOptions]) -> RouteRecord:
    """WebSockets on `path`, for a central table."""
    return make_websocket_record(path, handler, options, origin_of_caller(name_of(handler)))


def redirect(
    path: str, target: str, *, permanent: bool = True, keep_query: bool = True, name: str = ""
) -> RedirectRecord:
    """A redirect from `path` to `target`, for a central table; see `Routes.redirect`."""
    return RedirectRecord(
        path, target, permanent, keep_query, name, origin_of_caller(f"redirect to {target}")
    )


def include(
    routes: RecordedRoutes, at: str = "", *, name: str = "", host: str | None = None, by: str = ""
) -> IncludeRecord:
    """`routes` under the prefix `at`, for a central table; see `Routes.include`."""
    return make_include(routes, at, name, host, by)


def make_include(routes: RecordedRoutes, at: str, name: str, host: str | None, by: str) -> IncludeRecord:
    """The record of a group; raise PatternError if `at` is no prefix."""
    origin = origin_of_caller("include")
    if at and not at.startswith("/"):
        fix = f"Write at={'/' + at!r}."
        raise PatternError(f"the prefix {at!r} doesn't begin with a slash", where=(origin,), fix=fix)
    return IncludeRecord(routes, at.rstrip("/"), name, host, by, origin)


def make_record(
    methods: str | Iterable[str], path: str, handler: Handler, options: AnyOptions, origin: Origin
) -> RouteRecord:
    """The record of a route; raise RouteError if it can't be one."""
    if not callable(handler):
        raise RouteError(
            f"the handler of {path!r} is {handler!r:.80}, which can't be called",
            where=(origin,),
            fix="Pass the function itself.",
        )
    wrong = find_wrong_value(options)
    if wrong:
        raise RouteError(f"{wrong}, on {path!r}", where=(origin,), fix="Give a value of the option's type.")
    return RouteRecord(_read_methods(methods, origin), path, handler, options, origin)


def require_path(path: object) -> None:
    """Raise RouteError if `path` is none, but the function below `@app.get` without brackets, say."""
    if isinstance(path, str):
        return
    origin = origin_of_handler(path) if callable(path) else origin_of_caller("route")
    raise RouteError(
        f"the path of a route is a text, not {type(path).__name__}",
        where=(origin,),
        fix='Write the path in brackets behind the decorator: @app.get("/notes").',
    )


def make_websocket_record(
    path: str, handler: Handler, options: WebSocketRouteOptions, origin: Origin
) -> RouteRecord:
    """The record of a route for WebSockets: GET, where the request is a handshake."""
    conditions: tuple[Predicate, ...] = (IS_HANDSHAKE, *options.get("when", ()))
    # What a group says of requests' time is not meant for conversations, which last.
    with_condition: WebSocketRouteOptions = {"timeout_seconds": None, **options, "when": conditions}
    return make_record("GET", path, handler, with_condition, origin)


def origin_of_handler(handler: Handler) -> Origin:
    """Where a function was written; for other callables, where they were made a handler."""
    if isinstance(handler, (FunctionType, MethodType)):
        return find_origin(handler)
    return origin_of_caller(name_of(handler))


def name_of(handler: Handler) -> str:
    """The name that a handler goes by if it is given none."""
    inner = getattr(handler, "func", handler)  # functools.partial
    name = getattr(inner, "__name__", None)
    return name if isinstance(name, str) else type(inner).__name__


def _read_methods(methods: str | Iterable[str], origin: Origin) -> frozenset[str]:
    given = [methods] if isinstance(methods, str) else list(methods)
    names = frozenset(name.upper() for name in given)
    for name in sorted(names):
        if not METHOD.fullmatch(name) or name in REFUSED_METHODS:
            raise RouteError(
                f"{name!r} can't be the method of a route",
                where=(origin,),
                fix="Use GET, POST, PUT, PATCH, DELETE or another method that carries content to a handler.",
            )
    if not names:
        raise RouteError("a route without methods", where=(origin,), fix='Name at least one, e.g. ["GET"].')
    return names


METHOD: Final = re.compile(r"[A-Z][A-Z-]{0,31}")
# TRACE gives back headers that scripts may not read (ASVS 13.4.4); CONNECT is for proxies.
REFUSED_METHODS: Final = frozenset({"TRACE", "CONNECT"})
