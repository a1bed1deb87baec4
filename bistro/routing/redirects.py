"""Redirects that are declared instead of written as handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bistro.ground.registry import Origin
from bistro.routing.converters import ConverterEntry
from bistro.routing.errors import PatternError, suggestion
from bistro.routing.pattern import Pattern
from bistro.routing.segments import Parameter


class DeclaredRedirect(Struct, frozen=True):
    """The handler of a declared redirect: the app layer answers with `status` and `location(values)`.

    `target` is a path whose parameters stand in the old path too, or an `https://` URL, taken as it is.
    """

    target: Pattern | str
    permanent: bool = True
    keep_query: bool = True

    @property
    def status(self) -> int:
        """308 or 307, which keep method and body (RFC 9110 §15.4.8, §15.4.9)."""
        return 308 if self.permanent else 307

    # Any: the values that the old path's converters gave.
    def __call__(self, **values: Any) -> str:
        """`location` of the captured values; makes a redirect a handler like any other."""
        return self.location(values)

    def location(self, values: Mapping[str, object], query_string: str = "") -> str:
        """The new URL for the captured `values`; never begins with `//`, since segments are quoted."""
        if isinstance(self.target, Pattern):
            url = self.target.build({name: values[name] for name in self.target.parameters})
        else:
            url = self.target
        if not (query_string and self.keep_query):
            return url
        return f"{url}{'&' if '?' in url else '?'}{query_string}"


def read_target(
    target: str,
    old: Pattern,
    prefix: str,
    converters: Mapping[str, ConverterEntry],
    where: tuple[Origin, ...],
) -> Pattern | str:
    """The target of a redirect from `old`: a pattern under `prefix`, or an absolute URL as it is.

    A parameter is written with the converter that it has in `old`. Raises PatternError for a target
    that is neither, or for a parameter that `old` doesn't have.
    """
    if target.startswith(("https://", "http://")):
        if not target.isascii() or not target.isprintable() or " " in target:
            raise PatternError(
                f"the redirect target {target!r} is no URL", where=where, fix="Percent-encode it."
            )
        return target
    new = Pattern.parse(prefix + target, converters, where=where)
    for name in new.parameters:
        if name not in old.parameters:
            what = f"the redirect target {new.text!r} has a parameter {name!r} that {old.text!r} doesn't have"
            fix = suggestion(name, old.parameters) or f"It has: {', '.join(old.parameters) or 'none'}."
            raise PatternError(what, where=where, fix=fix)
    segments = tuple(
        replace(segment, converter=old.parameters[segment.name])
        if isinstance(segment, Parameter)
        else segment
        for segment in new.segments
    )
    return replace(new, segments=segments)
