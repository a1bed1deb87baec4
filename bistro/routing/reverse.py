"""URLs from handlers and names: the inverse of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

from bistro.http.url import encode_query, quote_path, quote_path_segment
from bistro.routing.errors import UnknownRoute, WrongUrlParameter, suggestion
from bistro.routing.route import Route

# Any: a handler takes whatever its parameters name.
RouteReference: TypeAlias = Callable[..., Any] | str


class UrlTable:
    """Makes the URL of a route from its handler or its name; is a `UrlBuilder`.

        url(show_item, id=42)                              /items/42
        url("shop.show", id=42, query={"page": 2})         /items/42?page=2
        url(show_item, id=42, absolute_base="https://example.com")

    A handler with several routes is found where the parameters fit only one of their patterns;
    otherwise use a name. Values are quoted; a URL never begins with `//` and never leaves the site.
    """

    def __init__(self, routes: Iterable[Route], root_path: str = "") -> None:
        """`root_path`: where the app is mounted, decoded; it stands in front of every URL."""
        self._root_path = root_path
        self._by_name: dict[str, list[Route]] = {}
        self._by_handler: dict[object, list[Route]] = {}
        for route in routes:
            self._by_name.setdefault(route.name, []).append(route)
            self._by_handler.setdefault(_handler_key(route.handler), []).append(route)

    # Any: values for the path and the query; converters and encode_query check them.
    def __call__(
        self,
        route: RouteReference,
        /,
        *,
        query: Mapping[str, Any] | None = None,
        fragment: str | None = None,
        absolute_base: str | None = None,
        root_path: str | None = None,
        **parameters: Any,
    ) -> str:
        """The URL of `route`: the path, behind `absolute_base` (scheme and host) if one is given.

        `root_path` is where the app is mounted, if not where it was said to be. In `query`, None is
        left out and lists are repeated. The labels of a host pattern are only needed for absolute
        URLs. Raises UnknownRoute, or WrongUrlParameter for a value that is missing, unknown or
        doesn't fit.
        """
        found = self.get_route(route, parameters)
        url = found.pattern.build(_of_path(found, parameters), where=(found.origin,))
        if root := root_path or self._root_path:
            url = quote_path(root) + url
        if absolute_base is not None:
            url = _base_for(found, absolute_base, parameters) + url
        if query:
            encoded = _encode(query, found)
            url = f"{url}?{encoded}" if encoded else url
        return f"{url}#{quote_path_segment(fragment)}" if fragment else url

    def get_route(self, route: RouteReference, parameters: Iterable[str] = ()) -> Route:
        """The route of a handler or name that takes `parameters`; raise UnknownRoute if none does."""
        if isinstance(route, str):
            found = self._by_name.get(route)
        else:
            found = self._by_handler.get(_handler_key(route))
        if not found:
            raise self._unknown(route)
        if len(found) == 1:
            return found[0]
        return _only_one(route, found, frozenset(parameters))

    def _unknown(self, route: RouteReference) -> UnknownRoute:
        if isinstance(route, str):
            fix = suggestion(route, self._by_name) or "`bistro routes` lists all names."
            return UnknownRoute(f"no route is called {route!r}", fix=fix)
        name = getattr(route, "__qualname__", repr(route))
        fix = "Give it a route, or include the routes that it is in."
        return UnknownRoute(f"no route leads to the handler {name}", fix=fix)


def _only_one(route: RouteReference, found: list[Route], given: frozenset[str]) -> Route:
    fitting = [
        each for each in found if given <= set(each.parameters) and set(each.pattern.parameters) <= given
    ]
    distinct = {(each.pattern.text, each.host): each for each in reversed(fitting)}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    name = repr(route) if isinstance(route, str) else getattr(route, "__qualname__", repr(route))
    patterns = ", ".join(each.pattern.text for each in found)
    where = tuple(each.origin for each in found)
    if not distinct:
        what = f"none of the routes of {name} takes just the parameters {sorted(given)}: {patterns}"
        raise WrongUrlParameter(what, where=where)
    what = f"{name} stands for several routes that take these parameters: {patterns}"
    raise UnknownRoute(what, where=where, fix='Give each its own name, get("/", name="home"), and use that.')


def _of_path(route: Route, parameters: Mapping[str, object]) -> Mapping[str, object]:
    if route.host_pattern is None or not route.host_pattern.parameters:
        return parameters
    return {name: value for name, value in parameters.items() if name not in route.host_pattern.parameters}


def _base_for(route: Route, base: str, parameters: Mapping[str, object]) -> str:
    scheme, separator, rest = base.rstrip("/").partition("://")
    if not separator or scheme not in ("http", "https") or not rest:
        raise WrongUrlParameter(
            f"absolute_base can't be {base!r}", fix='Give scheme and host, e.g. "https://example.com".'
        )
    if route.host_pattern is None:
        return f"{scheme}://{rest}"
    authority, slash, prefix = rest.partition("/")
    host = route.host_pattern.build(parameters, where=(route.origin,))
    port = "" if authority.startswith("[") else "".join(authority.partition(":")[1:])
    return f"{scheme}://{host}{port}{slash}{prefix}"


# Any: what the user passes; `_plain` checks it.
def _encode(query: Mapping[str, Any], route: Route) -> str:
    try:
        plain = {
            name: [_plain(each) for each in value] if isinstance(value, (list, tuple)) else _plain(value)
            for name, value in query.items()
        }
        return encode_query(plain)
    except (TypeError, ValueError) as error:
        raise WrongUrlParameter(f"the query of {route.pattern.text} can't be written: {error}") from None


def _plain(value: object) -> str | float | None:
    """What a query can hold, for the usual types of values; bool and int are kinds of float here."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    raise TypeError(f"{value!r:.80} has no form in a query")


def _handler_key(handler: object) -> object:
    try:
        hash(handler)
    except TypeError:
        return id(handler)
    return handler
