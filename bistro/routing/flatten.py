"""Join prefixes, names, hosts and converters of nested groups to the routes inside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bistro.ground.registry import Origin
from bistro.routing.converters import BUILT_IN_CONVERTERS, ConverterEntry
from bistro.routing.errors import PatternError, PatternErrors, RouteError
from bistro.routing.mounts import MOUNTED, DeclaredMount
from bistro.routing.pattern import Pattern
from bistro.routing.records import IncludeRecord, RecordedRoutes, RedirectRecord, RouteRecord, name_of
from bistro.routing.redirects import DeclaredRedirect, read_target
from bistro.routing.route import Group, Route

READ_HERE: Final = frozenset({"name", "host", "when"})


def flatten(
    routes: RecordedRoutes, converters: Mapping[str, ConverterEntry] = MappingProxyType({})
) -> list[Route]:
    """Every route in and below `routes`, in the order of writing.

    Raises PatternError for a path or host that can't be read, or PatternErrors for several.
    """
    group = Group("", routes.name, None, tuple(routes.hooks), routes.origin)
    level = _Level(
        (group,),
        "",
        _names(routes.name),
        None,
        {**BUILT_IN_CONVERTERS, **converters, **routes.converters},
        "",
        routes.group_options,
    )
    found: list[Route] = []
    errors: list[PatternError] = []
    for record, where in _walk(routes, level):
        try:
            found.append(where.make_route(record))
        except PatternError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else PatternErrors(errors)
    return found


class _Level(Struct, frozen=True):
    """What the groups so far add to a record."""

    groups: tuple[Group, ...]
    prefix: str
    names: tuple[str, ...]
    host: str | None
    converters: Mapping[str, ConverterEntry]
    by: str
    options: Mapping[str, object]

    def below(self, record: IncludeRecord) -> _Level:
        inner = record.routes
        by = record.by or self.by
        origin = self.signed(record.origin)
        host = _one_host(self.host, record.host, origin)
        name = record.name or inner.name
        group = Group(record.at, name, record.host, tuple(inner.hooks), origin)
        return _Level(
            (*self.groups, group),
            self.prefix + record.at,
            (*self.names, *_names(name)),
            host,
            {**self.converters, **inner.converters},
            by,
            {**self.options, **inner.group_options},
        )

    def signed(self, origin: Origin) -> Origin:
        return replace(origin, by=self.by) if self.by and not origin.by else origin

    def make_route(self, record: RouteRecord | RedirectRecord) -> Route:
        origin = self.signed(record.origin)
        if isinstance(record, RouteRecord) and isinstance(record.handler, DeclaredMount):
            return self.make_mount(record, record.handler, origin)
        pattern = Pattern.parse(self.prefix + record.path, self.converters, where=(origin,))
        if isinstance(record, RedirectRecord):
            return self.make_redirect(record, pattern, origin)
        return self.make_plain(record, pattern, origin)

    def make_plain(self, record: RouteRecord, pattern: Pattern, origin: Origin) -> Route:
        # Any: what is left of the options is opaque to routing.
        options: dict[str, Any] = {
            key: value for key, value in {**self.options, **record.options}.items() if key not in READ_HERE
        }
        route = Route(
            methods=record.methods,
            pattern=pattern,
            handler=record.handler,
            name=self.full_name(record.options.get("name") or name_of(record.handler)),
            host=_one_host(self.host, record.options.get("host"), origin),
            predicates=tuple(record.options.get("when", ())),
            options=MappingProxyType(options),
            origin=origin,
            groups=self.groups,
        )
        _check_host_names(route)
        return route

    def make_mount(self, record: RouteRecord, mount: DeclaredMount, origin: Origin) -> Route:
        converters = {**self.converters, MOUNTED.name: MOUNTED}
        pattern = Pattern.parse(self.prefix + record.path, converters, where=(origin,))
        deep = replace(mount, depth=len(pattern.segments) - 1)
        return self.make_plain(replace(record, handler=deep), pattern, origin)

    def make_redirect(self, record: RedirectRecord, old: Pattern, origin: Origin) -> Route:
        target = read_target(record.target, old, self.prefix, self.converters, (origin,))
        return Route(
            methods=frozenset({"GET"}),
            pattern=old,
            handler=DeclaredRedirect(target, record.permanent, record.keep_query),
            name=self.full_name(record.name or f"redirect {record.path}"),
            host=self.host,
            origin=origin,
            groups=self.groups,
        )

    def full_name(self, name: str) -> str:
        return ".".join((*self.names, name))


def _walk(routes: RecordedRoutes, level: _Level) -> Iterator[tuple[RouteRecord | RedirectRecord, _Level]]:
    for record in routes.records:
        if isinstance(record, IncludeRecord):
            yield from _walk(record.routes, level.below(record))
        else:
            yield record, level


def _names(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _one_host(outer: str | None, inner: str | None, origin: Origin) -> str | None:
    if outer is not None and inner is not None and outer != inner:
        what = f"the host {inner!r} inside a group for the host {outer!r}"
        raise RouteError(what, where=(origin,), fix="Name the host in one of the two places.")
    return outer if inner is None else inner


def _check_host_names(route: Route) -> None:
    if route.host_pattern is None:
        return
    for name in route.host_pattern.parameters:
        if name in route.pattern.parameters:
            what = (
                f"{name!r} is a parameter of the host {route.host!r} and of the path {route.pattern.text!r}"
            )
            raise PatternError(what, where=(route.origin,), fix="Give each its own name.")
