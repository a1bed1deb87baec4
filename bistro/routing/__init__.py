"""From a request's method, host and path to the handler that answers it, and back to a URL."""

from bistro.routing.converters import (
    BUILT_IN_CONVERTERS,
    NO_MATCH,
    Converter,
    ConverterEntry,
    NoMatch,
    TextConverter,
)
from bistro.routing.errors import (
    Conflict,
    PatternError,
    PatternErrors,
    RouteConflict,
    RouteError,
    UnknownRoute,
    WrongUrlParameter,
)
from bistro.routing.explain import Explanation
from bistro.routing.group import Routes
from bistro.routing.hosts import HostPattern
from bistro.routing.mounts import DeclaredMount
from bistro.routing.options import GroupOptions, HookOptions, RouteOptions, WebSocketRouteOptions
from bistro.routing.pattern import Pattern
from bistro.routing.predicates import Predicate, accept, header, query
from bistro.routing.records import delete, get, include, patch, post, put, redirect, route, websocket
from bistro.routing.redirects import DeclaredRedirect
from bistro.routing.reverse import UrlTable
from bistro.routing.route import Group, HookRecord, Route
from bistro.routing.table import Miss, RouteTable, SlashPolicy

__all__ = [
    "BUILT_IN_CONVERTERS",
    "NO_MATCH",
    "Conflict",
    "Converter",
    "ConverterEntry",
    "DeclaredMount",
    "DeclaredRedirect",
    "Explanation",
    "Group",
    "GroupOptions",
    "HookOptions",
    "HookRecord",
    "HostPattern",
    "Miss",
    "NoMatch",
    "Pattern",
    "PatternError",
    "PatternErrors",
    "Predicate",
    "Route",
    "RouteConflict",
    "RouteError",
    "RouteOptions",
    "RouteTable",
    "Routes",
    "SlashPolicy",
    "TextConverter",
    "UnknownRoute",
    "UrlTable",
    "WebSocketRouteOptions",
    "WrongUrlParameter",
    "accept",
    "delete",
    "get",
    "header",
    "include",
    "patch",
    "post",
    "put",
    "query",
    "redirect",
    "route",
    "websocket",
]
