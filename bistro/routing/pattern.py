"""Path patterns: `/items/{id:int}` read once into segments that match, rank and build paths.

A pattern is written in plain text, not percent-encoded. Between two slashes stands either literal
text or one parameter, which may have literal text before and behind it: `/v{version:int}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from bistro.ground.registry import Origin
from bistro.http.url import quote_path_segment
from bistro.routing.converters import BUILT_IN_CONVERTERS, Converter, ConverterEntry
from bistro.routing.errors import WrongUrlParameter, suggestion
from bistro.routing.pattern_text import read_segments
from bistro.routing.segments import Literal, Parameter, Segment


class Pattern(Struct, frozen=True):
    """A path with places for values; made by `Pattern.parse`.

    `parameters` are in the order of the path, which is the order of captured values.
    """

    text: str
    segments: tuple[Segment, ...]
    parameters: Mapping[str, Converter]

    @classmethod
    def parse(
        cls,
        text: str,
        converters: Mapping[str, ConverterEntry] = BUILT_IN_CONVERTERS,
        *,
        where: tuple[Origin, ...] = (),
    ) -> Pattern:
        """Read `text`; raise PatternError naming `where` if it is no pattern."""
        segments = read_segments(text, converters, where)
        parameters = {part.name: part.converter for part in segments if isinstance(part, Parameter)}
        return cls(text, segments, MappingProxyType(parameters))

    @property
    def is_static(self) -> bool:
        """Whether exactly one path matches."""
        return not self.parameters

    @property
    def ends_with_slash(self) -> bool:
        """Whether the slash policy would take a slash away (`/` alone is left as it is)."""
        return len(self.segments) > 1 and self.segments[-1] == Literal("")

    @property
    def ends_with_rest(self) -> bool:
        """Whether the last parameter takes all that is left, slashes included."""
        last = self.segments[-1]
        return isinstance(last, Parameter) and last.is_rest

    # Any: what the user passes; each converter checks its own.
    def build(self, values: Mapping[str, Any], *, where: tuple[Origin, ...] = ()) -> str:
        """The percent-encoded path with `values` filled in.

        Raises WrongUrlParameter, naming `where`, for a value that is missing, unknown or doesn't fit.
        """
        self._check_names(values, where)
        parts = [""]
        for segment in self.segments:
            if isinstance(segment, Literal):
                parts.append(quote_path_segment(segment.text))
            else:
                parts.append(self._build_value(segment, values[segment.name], where))
        return "/".join(parts)

    def _check_names(self, values: Mapping[str, object], where: tuple[Origin, ...]) -> None:
        for name in self.parameters:
            if name not in values:
                raise WrongUrlParameter(f"{self.text} needs a value for {name!r}", where=where)
        for name in values:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                fix = suggestion(name, self.parameters) or f"Its parameters: {known}."
                raise WrongUrlParameter(f"{self.text} has no parameter {name!r}", where=where, fix=fix)

    def _build_value(self, segment: Parameter, value: object, where: tuple[Origin, ...]) -> str:
        try:
            return segment.build(value)
        except (ValueError, TypeError) as error:
            what = f"{segment.name!r} of {self.text} can't be {value!r:.80}: {error!s:.200}"
            converter = segment.converter
            fix = f"{{{segment.name}:{converter.name}}} takes {converter.python_type.__name__} values."
            raise WrongUrlParameter(what, where=where, fix=fix) from None
