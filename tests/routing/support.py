"""Short forms for the tests of routing: a table from pattern texts, and a request that nobody sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bistro.ground.registry import Origin
from bistro.routing import Pattern, Route, RouteTable
from bistro.routing.explain import AskedExchange


def handler() -> None:
    """Stands for any handler."""


def make_route(text: str, *, methods: Iterable[str] = ("GET",), line: int = 1, **fields: Any) -> Route:
    """A route for `text`, e.g. `/items/{id:int}`, or `POST /items`."""
    method, space, path = text.rpartition(" ")
    return Route(
        methods=frozenset([method] if space else methods),
        pattern=Pattern.parse(path),
        handler=fields.pop("handler", handler),
        name=fields.pop("name", text),
        origin=fields.pop("origin", Origin("site.py", line, "handler")),
        **fields,
    )


def make_table(*texts: str | Route, slash: Any = "strict") -> RouteTable[str]:
    """A table whose endpoints are the names of the routes, which are their texts."""
    routes = [text if isinstance(text, Route) else make_route(text, line=at) for at, text in enumerate(texts)]
    return RouteTable([(route, route.name) for route in routes], slash)


def ask(method: str = "GET", path: str = "/", query: str = "", **headers: str) -> AskedExchange:
    """A request; an underscore in a header's name is a hyphen."""
    named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return AskedExchange(method, path, query, named)


def find(table: RouteTable[str], path: str, method: str = "GET", **headers: str) -> Any:
    """What the table finds for the request, and the values."""
    return table.find(method, path, ask(method, path, **headers))


def found_name(table: RouteTable[str], path: str, method: str = "GET", **headers: str) -> str | None:
    """The name of the route that the table finds, or None."""
    found = find(table, path, method, **headers)
    return None if found is None else found[0]
