"""What routing records: a route, the groups around it, and the hooks that hang on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# Any: what handlers take and options hold is looked at by the app, not here.
from typing import Any, Final, Literal, TypeAlias

import msgspec

from bistro.ground.registry import Origin
from bistro.routing.converters import Converter
from bistro.routing.hosts import HostPattern
from bistro.routing.pattern import Pattern
from bistro.routing.predicates import IS_HANDSHAKE, Predicate

Handler: TypeAlias = Callable[..., Any]
HookKind: TypeAlias = Literal["before", "after", "around", "on_error"]

UNKNOWN: Final = Origin("<unknown>", 0)


class HookRecord(msgspec.Struct, frozen=True, eq=False):
    """A hook as it was written: its kind, the function, where, and what else was said.

    `options["exception"]` is the class that an `on_error` hook answers.
    """

    kind: HookKind
    function: Handler
    origin: Origin
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Group(msgspec.Struct, frozen=True, eq=False):
    """One level of `Routes` around a route: what it adds to path and name, and its hooks."""

    prefix: str
    name: str
    host: str | None
    hooks: tuple[HookRecord, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A handler and the requests that it answers, with prefixes and names already joined.

    `options` are opaque to routing: what the decorator was given besides name, host and predicates.
    `groups` are outermost first and begin with the `Routes` on which `all_routes` was called.
    """

    methods: frozenset[str]
    pattern: Pattern
    handler: Handler
    name: str
    host: str | None = None
    predicates: tuple[Predicate, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = UNKNOWN
    groups: tuple[Group, ...] = ()
    host_pattern: HostPattern | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = None if self.host is None else HostPattern.parse(self.host, where=(self.origin,))
        object.__setattr__(self, "host_pattern", pattern)

    @property
    def parameters(self) -> Mapping[str, Converter]:
        """Names and converters in the order of captured values: those of the path, then of the host."""
        if self.host_pattern is None:
            return self.pattern.parameters
        return {**self.pattern.parameters, **self.host_pattern.parameters}

    @property
    def is_websocket(self) -> bool:
        """Whether it answers WebSockets, and no ordinary requests."""
        return IS_HANDSHAKE in self.predicates

    @property
    def shown_methods(self) -> tuple[str, ...]:
        """The methods as people know them: `WEBSOCKET` for what is GET with a handshake."""
        return ("WEBSOCKET",) if self.is_websocket else tuple(sorted(self.methods))

    def __str__(self) -> str:
        """E.g. `GET /items/{id:int}`, with the host where the route names one."""
        return f"{'|'.join(self.shown_methods)} {self.host or ''}{self.pattern.text}"
