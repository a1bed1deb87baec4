"""Conditions on a request, besides method, host and path, that decide whether a route answers it.

A predicate is any function of the exchange that gives a truth value. Those made here compare by
value and print as they were written, so that conflicts and `bistro routes --why` can name them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from bistro.ground.types import Exchange
from bistro.http.errors import BadRequest
from bistro.http.url import parse_query

Predicate: TypeAlias = Callable[[Exchange], bool]


def header(name: str, value: str | None = None) -> Predicate:
    """True where the request has the header `name`, with exactly `value` if one is given."""
    return HeaderPredicate(name, value)


def query(name: str, value: str | None = None) -> Predicate:
    """True where the query has a field `name`, with `value` as its first value if one is given."""
    return QueryPredicate(name, value)


def accept(media_type: str) -> Predicate:
    """True where the client likes no kind of answer better than `media_type`.

    By the qualities of RFC 9110 §12.5.1: a browser (`text/html, …, */*;q=0.8`) fits
    `accept("text/html")` but not `accept("application/json")`; without the header everything fits.
    """
    return AcceptPredicate(media_type)


class HandshakePredicate(Struct, frozen=True):
    """What tells the routes of WebSockets from others: true for a handshake."""

    def __call__(self, exchange: Exchange) -> bool:
        return exchange.socket is not None

    def __repr__(self) -> str:
        return "the handshake of a WebSocket"


IS_HANDSHAKE: Final = HandshakePredicate()


class HeaderPredicate(Struct, frozen=True):
    """What `header` makes."""

    name: str
    value: str | None

    def __call__(self, exchange: Exchange) -> bool:
        found = exchange.find_header(self.name.lower().encode("latin-1"))
        return found is not None and (self.value is None or found == self.value.encode("latin-1", "replace"))

    def __repr__(self) -> str:
        return _written("header", self.name, self.value)


class QueryPredicate(Struct, frozen=True):
    """What `query` makes."""

    name: str
    value: str | None

    def __call__(self, exchange: Exchange) -> bool:
        try:
            found = parse_query(exchange.query_string).get(self.name)
        except BadRequest:
            # Whether the query is refused is up to the route that reads it, not to this question.
            return False
        return found is not None and (self.value is None or found == self.value)

    def __repr__(self) -> str:
        return _written("query", self.name, self.value)


class AcceptPredicate(Struct, frozen=True):
    """What `accept` makes."""

    media_type: str

    def __post_init__(self) -> None:
        if not MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError(f"{self.media_type!r} is not a media type such as application/json")

    def __call__(self, exchange: Exchange) -> bool:
        value = exchange.find_header(b"accept")
        if value is None or not value.strip():
            return True
        qualities = _read_accept(value.decode("latin-1").lower())
        quality = _quality_of(self.media_type.lower(), qualities)
        return quality > 0 and quality >= max(qualities.values())

    def __repr__(self) -> str:
        return _written("accept", self.media_type)


def describe_predicate(predicate: Predicate) -> str:
    """How a predicate is called in messages: as written, or the name of the function."""
    name = getattr(predicate, "__qualname__", None)
    return name if isinstance(name, str) else repr(predicate)


MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
QUALITY: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
RANGES_MAX: Final = 50
"""More ranges than a client has use for are not read; keeps the work of one header bounded."""


def _read_accept(value: str) -> dict[str, float]:
    qualities: dict[str, float] = {}
    for item in value.split(",", RANGES_MAX)[:RANGES_MAX]:
        media_range, _, parameters = item.partition(";")
        qualities[media_range.strip()] = _read_quality(parameters)
    return qualities


def _read_quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            return float(value) if QUALITY.fullmatch(value) else 0.0
    return 1.0


def _quality_of(media_type: str, qualities: dict[str, float]) -> float:
    """RFC 9110 §12.5.1: the most specific range that fits decides."""
    kind = media_type.partition("/")[0]
    for media_range in (media_type, f"{kind}/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range]
    return 0.0


def _written(name: str, *arguments: str | None) -> str:
    return f"{name}({', '.join(repr(argument) for argument in arguments if argument is not None)})"
