"""The compiled table: from method, path and host to the endpoint and the captured values.

How it works, in the order of cost: a path without parameters is one lookup in `static`; others are
split at their slashes and go through the function that `matcher.py` wrote for the method; a path
with escapes is decoded first, so that an encoded slash stays inside its segment. Hosts come before
paths: routes that name the request's host are tried first, then those whose host pattern fits,
then those without a host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from bistro.ground.types import Exchange
from bistro.http.url import quote_path_segment
from bistro.routing.conflicts import request_key, resolve_conflicts
from bistro.routing.explain import (
    Explanation,
    as_explanations,
    as_handshake,
    explain_candidate,
    read_asked_url,
)
from bistro.routing.hosts import HostPattern, find_host
from bistro.routing.matcher import Found, MatcherCompiler
from bistro.routing.route import Route
from bistro.routing.site import Site, StaticPaths, read_segments
from bistro.routing.tree import Candidate

Endpoint = TypeVar("Endpoint")
Finder: TypeAlias = Callable[[str, str, Exchange], Found[Endpoint]]
SlashPolicy: TypeAlias = Literal["redirect", "strict", "ignore"]
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Miss(Struct, frozen=True):
    """What to answer where nothing was found.

    405 with `allow`, 426 where the path is one for WebSockets, a 308 to `redirect_path`, else 404.
    """

    allow: frozenset[str] = frozenset()
    is_for_websockets: bool = False
    redirect_path: str | None = None


class RouteTable(Generic[Endpoint]):
    """Routes and what answers them, compiled once.

    `static` maps method → path as sent → endpoint, for paths without parameters that nothing but
    method and path decides; a method without routes is an empty dictionary there.
    Raises RouteConflict where two routes answer the same requests.
    """

    static: StaticPaths[Endpoint]
    find: Finder[Endpoint]
    """`find(method, path, exchange)`: the endpoint for `path` as sent and the captured values, those of
    the path before the host's, or None. Raises BadRequest for a malformed escape, and whatever a
    predicate of the site raises."""
    find_dynamic: Finder[Endpoint]
    """`find` for the caller who has looked into `static` already."""

    def __init__(self, routes: Sequence[tuple[Route, Endpoint]], slash: SlashPolicy = "redirect") -> None:
        self.routes = tuple(route for route, _ in routes)
        self.slash = slash
        self._chosen = self._choose([Candidate(route, end, route.pattern.segments) for route, end in routes])
        self.methods: frozenset[str] = frozenset(self._chosen)
        self._has_websockets = any(route.is_websocket for route in self.routes)
        compiler: MatcherCompiler[Endpoint] = MatcherCompiler()
        self._site = self._make_site(None, compiler)
        self._named_hosts: dict[str, Site[Endpoint]] = {}
        self._host_patterns: list[tuple[HostPattern, Site[Endpoint]]] = []
        for pattern in _host_patterns(self.routes):
            self._add_host(pattern, self._make_site(pattern, compiler))
        self.static = self._undisputed_paths()
        # Where nothing asks for the host, a request needn't pass by here.
        has_hosts = bool(self._named_hosts or self._host_patterns)
        self.find = self._find_by_host if has_hosts else self._site.find
        self.find_dynamic = self._find_by_host if has_hosts else self._site.find_dynamic

    def explain_miss(self, method: str, path: str, exchange: Exchange) -> Miss:
        """What to answer to a request that `find` has nothing for."""
        allow = {other for other in self.methods if other != method and self.find(other, path, exchange)}
        if self._has_websockets and self.find("GET", path, as_handshake(exchange)):
            # RFC 9110 §15.5.22: the method would do, the protocol doesn't.
            if method in ("GET", "HEAD"):
                return Miss(is_for_websockets=True)
            allow.add("GET")
        if allow:
            return Miss(allow=frozenset(allow | {"OPTIONS"}))
        if self.slash != "redirect" or len(path) < 2 or path.startswith("//"):
            return Miss()
        other_path = path[:-1] if path.endswith("/") else path + "/"
        if self.find(method, other_path, exchange) is None:
            return Miss()
        target = "/".join(map(quote_path_segment, read_segments(other_path)))
        # CVE-2021-21330 and its like: a browser takes `//host` and `/\host` for another site.
        return Miss() if target.startswith(("//", "/\\")) else Miss(redirect_path=target)

    def explain(self, method: str, url: str, headers: Mapping[str, str] = NO_HEADERS) -> list[Explanation]:
        """What each route makes of `url` (a path, or whole with host and query), best first."""
        exchange = read_asked_url(method, url, headers)
        segments = read_segments(exchange.raw_path)[1:]
        ignored = self.slash == "ignore"
        judged = []
        for candidate, methods in self._methods_of_candidates().items():
            why, score = explain_candidate(candidate, methods, segments, exchange, slash_ignored=ignored)
            judged.append((candidate, why, score))
        return as_explanations(judged)

    def _choose(self, candidates: list[Candidate[Endpoint]]) -> dict[str, list[Candidate[Endpoint]]]:
        """Who answers each method, after clashes are refused and overrides applied."""
        ignored = self.slash == "ignore"
        chosen = resolve_conflicts(candidates, slash_ignored=ignored)
        # RFC 9110 §9.3.2: HEAD is GET without the content, unless a route says otherwise.
        own = chosen.get("HEAD", [])
        taken = {request_key(candidate.route, slash_ignored=ignored) for candidate in own}
        derived = [
            candidate
            for candidate in chosen.get("GET", [])
            if request_key(candidate.route, slash_ignored=ignored) not in taken
        ]
        return {**chosen, "HEAD": own + derived} if own or derived else chosen

    def _make_site(self, host: HostPattern | None, compiler: MatcherCompiler[Endpoint]) -> Site[Endpoint]:
        key = None if host is None else host.key
        mine = {
            method: [each for each in candidates if _host_key(each.route) == key]
            for method, candidates in self._chosen.items()
        }
        return Site(mine, compiler, slash_ignored=self.slash == "ignore")

    def _add_host(self, pattern: HostPattern, site: Site[Endpoint]) -> None:
        if pattern.parameters:
            self._host_patterns.append((pattern, site))
        else:
            self._named_hosts[pattern.text.lower()] = site

    def _find_by_host(self, method: str, path: str, exchange: Exchange) -> Found[Endpoint]:
        for site, captured in self._sites_for(exchange):
            found = site.find(method, path, exchange)
            if found is not None:
                return found[0], found[1] + captured
        return None

    def _sites_for(self, exchange: Exchange) -> Iterator[tuple[Site[Endpoint], tuple[str, ...]]]:
        host = find_host(exchange)
        if host is not None:
            if host in self._named_hosts:
                yield self._named_hosts[host], ()
            for pattern, site in self._host_patterns:
                captured = pattern.find(host)
                if captured is not None:
                    yield site, captured
        yield self._site, ()

    def _undisputed_paths(self) -> StaticPaths[Endpoint]:
        """The fixed paths that no route of any host could answer."""
        sites = [*self._named_hosts.values(), *(site for _, site in self._host_patterns)]
        paths: StaticPaths[Endpoint] = StaticPaths()
        for method, endpoints in self._site.static.items():
            paths[method] = {
                path: endpoint
                for path, endpoint in endpoints.items()
                if not any(site.could_answer(method, path) for site in sites)
            }
        return paths

    def _methods_of_candidates(self) -> dict[Candidate[Endpoint], frozenset[str]]:
        methods: dict[Candidate[Endpoint], frozenset[str]] = {}
        for method, candidates in self._chosen.items():
            for candidate in candidates:
                methods[candidate] = methods.get(candidate, frozenset()) | {method}
        return methods


def _host_key(route: Route) -> tuple[object, ...] | None:
    return None if route.host_pattern is None else route.host_pattern.key


def _host_patterns(routes: Iterable[Route]) -> list[HostPattern]:
    """Each host once, most specific first."""
    patterns = {each.host_pattern.key: each.host_pattern for each in routes if each.host_pattern is not None}
    return sorted(patterns.values(), key=lambda pattern: pattern.key)
