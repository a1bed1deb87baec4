"""The parts of a path pattern between two slashes: literal text, or a parameter."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from bistro.http.url import quote_path_segment
from bistro.routing.converters import NO_MATCH, Converter, PathConverter


class Literal(Struct, frozen=True):
    """A segment that must be exactly `text` once decoded; empty for a slash at the end."""

    text: str

    @property
    def key(self) -> tuple[object, ...]:
        """What orders segments by how specific they are: lower comes first."""
        return (0,)

    def find(self, text: str) -> object:
        """`text` if it is this literal, otherwise `NO_MATCH`."""
        return text if text == self.text else NO_MATCH


class Parameter(Struct, frozen=True):
    """A segment that is captured, between the literal texts `prefix` and `suffix`."""

    name: str
    converter: Converter
    prefix: str = ""
    suffix: str = ""

    @property
    def is_rest(self) -> bool:
        """Whether it takes all that is left of the path."""
        return isinstance(self.converter, PathConverter)

    @property
    def key(self) -> tuple[object, ...]:
        """What orders segments by how specific they are: literal edges first, then the rank."""
        return (1, -len(self.prefix), -len(self.suffix), self.prefix, self.suffix, self.converter.rank)

    def find(self, text: str) -> object:
        """The value in the decoded segment `text`, otherwise `NO_MATCH`."""
        inner = text[len(self.prefix) : len(text) - len(self.suffix)]
        if not inner or text != self.prefix + inner + self.suffix:
            return NO_MATCH
        found: object = self.converter.find(inner)
        return found

    # Any: what the user passes; the converter checks it.
    def build(self, value: Any) -> str:
        """The percent-encoded segment for `value`; raise ValueError or TypeError if it doesn't fit."""
        text = self.prefix + self.converter.format(value) + self.suffix
        if self.is_rest:
            return "/".join(map(quote_path_segment, text.split("/")))
        if text in (".", ".."):
            raise ValueError(f"{text!r} as a whole segment is taken out of URLs by browsers")
        return quote_path_segment(text)


Segment: TypeAlias = Literal | Parameter
