"""Find the routes that answer the same requests, before the first request is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from bistro.routing.errors import Conflict, RouteConflict
from bistro.routing.route import Route
from bistro.routing.segments import Literal, Segment
from bistro.routing.tree import Candidate

Endpoint = TypeVar("Endpoint")

FIX: Final = (
    'Rename one path, or install one of them under another prefix: app.include(routes, at="/admin"); '
    "override=True on one makes it take the place of the other."
)
COUNT_WORDS: Final = {2: "two", 3: "three", 4: "four"}


def resolve_conflicts(
    candidates: Iterable[Candidate[Endpoint]], *, slash_ignored: bool
) -> dict[str, list[Candidate[Endpoint]]]:
    """Who answers each method, overridden routes left out; raise RouteConflict telling every clash."""
    chosen: dict[str, list[Candidate[Endpoint]]] = {}
    clashes: dict[tuple[Candidate[Endpoint], ...], list[str]] = {}
    for (method, *_), claimants in _claims(candidates, slash_ignored).items():
        left = _without_overridden(claimants)
        chosen.setdefault(str(method), []).append(left[0])
        if len(left) > 1:
            clashes.setdefault(tuple(left), []).append(str(method))
    if clashes:
        raise RouteConflict([_describe(methods, clash) for clash, methods in clashes.items()], FIX)
    return chosen


def request_key(route: Route, *, slash_ignored: bool) -> tuple[object, ...]:
    """Equal for two routes exactly where nothing decides which of them answers a request."""
    segments: Sequence[Segment] = route.pattern.segments
    if slash_ignored and route.pattern.ends_with_slash:
        segments = segments[:-1]
    path = tuple(part.text if isinstance(part, Literal) else part.key for part in segments)
    host = None if route.host_pattern is None else route.host_pattern.key
    # A predicate that can't be hashed is told apart by its identity.
    return path, host, frozenset(map(_hashable, route.predicates))


def _claims(
    candidates: Iterable[Candidate[Endpoint]], slash_ignored: bool
) -> dict[tuple[object, ...], list[Candidate[Endpoint]]]:
    claims: dict[tuple[object, ...], list[Candidate[Endpoint]]] = {}
    for candidate in candidates:
        key = request_key(candidate.route, slash_ignored=slash_ignored)
        for method in sorted(candidate.route.methods):
            claims.setdefault((method, *key), []).append(candidate)
    return claims


def _without_overridden(candidates: list[Candidate[Endpoint]]) -> list[Candidate[Endpoint]]:
    overriding = [each for each in candidates if each.route.options.get("override")]
    return overriding or candidates


def _describe(methods: list[str], clash: tuple[Candidate[Endpoint], ...]) -> Conflict:
    routes = [candidate.route for candidate in clash]
    first = routes[0]
    count = COUNT_WORDS.get(len(routes), str(len(routes)))
    names = first.shown_methods if first.is_websocket else sorted(methods)
    what = f"{count} handlers for {', '.join(names)} {first.host or ''}{first.pattern.text}"
    others = dict.fromkeys(f"{route.host or ''}{route.pattern.text}" for route in routes[1:])
    others.pop(f"{first.host or ''}{first.pattern.text}", None)
    if others:
        what += f", also written {', '.join(others)}"
    return Conflict(what, tuple(route.origin for route in routes))


def _hashable(predicate: object) -> object:
    try:
        hash(predicate)
    except TypeError:
        return id(predicate)
    return predicate
