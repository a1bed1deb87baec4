"""Why a URL is answered by the route that answers it, and why not by the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final  # Any: whatever the routes lead to.

from msgspec import Struct, field

from bistro.ground.types import Exchange
from bistro.routing.converters import NO_MATCH
from bistro.routing.hosts import find_host
from bistro.routing.predicates import describe_predicate
from bistro.routing.route import Route
from bistro.routing.segments import Literal, Segment
from bistro.routing.tree import Candidate, find_in, is_rest

WEBSOCKET: Final = "WEBSOCKET"


class Explanation(Struct, frozen=True):
    """What one route makes of a URL.

    `fits` tells whether it could answer, `chosen` whether it does; `reasons` are short sentences.
    """

    route: Route
    fits: bool
    chosen: bool
    reasons: tuple[str, ...]


class AskedExchange(Struct):
    """A request that nobody sent, for predicates to look at; it can't be answered."""

    method: str
    raw_path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    http_version: str = "1.1"
    client: tuple[str, int] | None = None
    body: bytes | None = b""
    is_from_proxy: bool = False
    root_path: str = ""
    socket: Any = None
    """Any: of what stands here, only that it is something is looked at."""

    def find_header(self, name: bytes) -> bytes | None:
        """The header `name` as it was given to `explain`."""
        return next((value for key, value in self.header_items() if key == name), None)

    def header_items(self) -> list[tuple[bytes, bytes]]:
        """All headers as given to `explain`."""
        return [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()
        ]

    async def read_body(self, size_max: int) -> bytes:
        """Always empty."""
        return b""

    async def body_stream(self, size_max: int) -> AsyncIterator[bytes]:
        """One empty piece."""
        yield b""

    def send(self, status: int, header_block: bytes, body: bytes) -> None:
        """Raise RuntimeError: there is no client."""
        raise RuntimeError("a predicate must not answer the request")

    def start(self, status: int, header_block: bytes, length: int | None) -> None:
        """Raise RuntimeError: there is no client."""
        raise RuntimeError("a predicate must not answer the request")

    async def write(self, chunk: bytes) -> None:
        """Raise RuntimeError: there is no client."""
        raise RuntimeError("a predicate must not answer the request")

    async def finish(self) -> None:
        """Raise RuntimeError: there is no client."""
        raise RuntimeError("a predicate must not answer the request")

    def abort(self) -> None:
        """Do nothing: there is no connection."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Do nothing: there is no client that could go away."""

    def on_stopping(self, callback: Callable[[], None]) -> None:
        """Do nothing: there is no server that could stop."""

    def believe_proxy(self, client: tuple[str, int] | None, scheme: str, host: bytes | None) -> None:
        """Do nothing: no proxy has passed it on."""

    def shield(self) -> None:
        """Do nothing: there is no client that could go away."""


def read_asked_url(method: str, url: str, headers: Mapping[str, str]) -> AskedExchange:
    """The request that a browser would send for `url`, a path or a whole URL."""
    scheme, separator, rest = url.partition("://")
    if separator:
        host, slash, rest = rest.partition("/")
        headers = {"host": host, **headers}
        rest = slash + rest
    else:
        scheme, rest = "http", url
    path, _, query = rest.partition("#")[0].partition("?")
    if method.upper() == "WEBSOCKET":
        return AskedExchange("GET", path or "/", query, headers, scheme, socket=WEBSOCKET)
    return AskedExchange(method.upper(), path or "/", query, headers, scheme)


def as_handshake(exchange: Exchange) -> AskedExchange:
    """The same request, had it asked for a WebSocket."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(exchange.header_items())
    }
    return AskedExchange(
        "GET", exchange.raw_path, exchange.query_string, headers, exchange.scheme, socket=WEBSOCKET
    )


def explain_candidate(
    candidate: Candidate[Any],
    methods: frozenset[str],
    segments: list[str],
    exchange: Exchange,
    *,
    slash_ignored: bool,
) -> tuple[list[str], int]:
    """Why `candidate` doesn't fit (empty where it does), and how many checks it passed."""
    route = candidate.route
    host = _host_reasons(route, exchange)
    path, passed = _path_reasons(candidate.segments, segments, slash_ignored)
    method = _method_reasons(methods, exchange.method)
    conditions = [] if path else _condition_reasons(route, exchange)
    # A route whose path fits is nearer than any whose path doesn't.
    score = (1000 if not path else passed) + (not host) + (not method) + (not conditions)
    return [*host, *path, *method, *conditions], score


def _method_reasons(methods: frozenset[str], method: str) -> list[str]:
    return [] if method in methods else [f"takes {', '.join(sorted(methods))}, not {method}"]


def _host_reasons(route: Route, exchange: Exchange) -> list[str]:
    if route.host_pattern is None:
        return []
    host = find_host(exchange)
    if host is not None and route.host_pattern.find(host) is not None:
        return []
    return [f"answers the host {route.host}, not {host or 'a request without host'}"]


def _path_reasons(
    wanted: tuple[Segment, ...], given: list[str], slash_ignored: bool
) -> tuple[list[str], int]:
    if slash_ignored:
        wanted, given = _without_slash(wanted), given[:-1] if len(given) > 1 and not given[-1] else given
    for at, segment in enumerate(wanted):
        if at >= len(given):
            return [_length_reason(wanted, given)], at
        if given[at] in (".", "..") or find_in(segment, given, at) is NO_MATCH:
            return [_segment_reason(at, segment, given[at])], at
        if is_rest(segment):
            return [], at + 1
    return ([_length_reason(wanted, given)] if len(given) > len(wanted) else []), len(wanted)


def _without_slash(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    return segments[:-1] if len(segments) > 1 and segments[-1] == Literal("") else segments


def _length_reason(wanted: tuple[Segment, ...], given: list[str]) -> str:
    if len(given) == len(wanted) + 1 and not given[-1]:
        return "has no slash at the end, but the URL does"
    if len(wanted) == len(given) + 1 and wanted[-1] == Literal(""):
        return "ends with a slash, but the URL doesn't"
    return f"has {len(wanted)} segments, the URL has {len(given)}"


def _segment_reason(at: int, segment: Segment, text: str) -> str:
    if isinstance(segment, Literal):
        return f"segment {at + 1} is {text!r:.80}, not {segment.text!r}"
    wanted = f"{segment.prefix}{{{segment.name}:{segment.converter.name}}}{segment.suffix}"
    return f"segment {at + 1} is {text!r:.80}, which does not fit {wanted}"


def _condition_reasons(route: Route, exchange: Exchange) -> list[str]:
    reasons = []
    for predicate in route.predicates:
        try:
            if not predicate(exchange):
                reasons.append(f"{describe_predicate(predicate)} is false")
        except Exception as error:  # noqa: BLE001 - the site's own code; the other routes are of use still
            reasons.append(f"{describe_predicate(predicate)} raised {error!r:.200}")
    return reasons


def as_explanations(judged: Sequence[tuple[Candidate[Any], list[str], int]]) -> list[Explanation]:
    """Best first: the route that answers, those that would after it, then by how near they come."""
    fitting = sorted((each for each in judged if not each[1]), key=lambda each: each[0].precedence)
    others = sorted((each for each in judged if each[1]), key=lambda each: -each[2])
    explanations = []
    for place, (candidate, _, _) in enumerate(fitting):
        better = fitting[0][0].route
        reasons = () if place == 0 else (f"fits too, but {better} is more specific",)
        explanations.append(Explanation(candidate.route, True, place == 0, reasons))
    explanations += [Explanation(candidate.route, False, False, tuple(why)) for candidate, why, _ in others]
    return explanations
