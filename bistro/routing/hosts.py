"""Host patterns: `api.example.com`, or `{tenant}.example.com` with the label as a parameter.

A host is compared literally, in lower case and without the port; there are no wildcards that could
match more than the label they stand for (CVE-2026-25479: allowed hosts read as regular expressions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from bistro.ground.codegen import check_identifier
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http.errors import BadRequest
from bistro.http.url import parse_host
from bistro.routing.converters import NO_MATCH, Converter, NoMatch
from bistro.routing.errors import PatternError, WrongUrlParameter

# RFC 1123 §2.1 letters, digits and hyphens, at most 63; underscores occur in practice.
LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class LabelConverter(Struct, frozen=True):
    """One label of a host name, in lower case."""

    name: str = "label"
    python_type: type = str
    rank: int = 40

    def find(self, text: str) -> str | NoMatch:
        """`text` if it is a label."""
        return text if LABEL.fullmatch(text) else NO_MATCH

    def format(self, value: object) -> str:
        """`value` in lower case; raise ValueError or TypeError if it is no label."""
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a str")
        if not LABEL.fullmatch(value):
            raise ValueError(f"{value!r} is not a label of a host name in lower case")
        return value


class HostPattern(Struct, frozen=True):
    """A host with places for labels; made by `HostPattern.parse`."""

    text: str
    labels: tuple[str | None, ...]
    parameters: Mapping[str, Converter]

    @classmethod
    def parse(cls, text: str, *, where: tuple[Origin, ...] = ()) -> HostPattern:
        """Read `text`; raise PatternError naming `where` if it is no host pattern."""
        labels: list[str | None] = []
        names: list[str] = []
        for label in text.lower().split(".") if "{" not in text else text.split("."):
            if label.startswith("{") and label.endswith("}"):
                names.append(_checked_name(label[1:-1], text, where))
                labels.append(None)
            else:
                labels.append(_checked_label(label.lower(), text, where))
        if len(set(names)) < len(names):
            raise PatternError(
                f"the host {text!r} has one name twice", where=where, fix="Give each its own name."
            )
        return cls(text, tuple(labels), MappingProxyType(dict.fromkeys(names, LabelConverter())))

    @property
    def key(self) -> tuple[object, ...]:
        """What orders host patterns: fewest parameters first, then by the labels from the right."""
        reverse = self.labels[::-1]
        return (
            len(self.parameters),
            tuple(label is None for label in reverse),
            tuple(label or "" for label in reverse),
        )

    def find(self, host: str) -> tuple[str, ...] | None:
        """The captured labels if `host` (lower case, without port) fits, otherwise None."""
        given = host.split(".")
        if len(given) != len(self.labels):
            return None
        captured = []
        for label, text in zip(self.labels, given, strict=True):
            if label is None:
                if not LABEL.fullmatch(text):
                    return None
                captured.append(text)
            elif label != text:
                return None
        return tuple(captured)

    # Any: what the user passes; the converter checks it.
    def build(self, values: Mapping[str, Any], *, where: tuple[Origin, ...] = ()) -> str:
        """The host name with `values` filled in; raise WrongUrlParameter if one is missing or no label."""
        names = iter(self.parameters)
        labels = []
        for label in self.labels:
            labels.append(self._build_label(next(names), values, where) if label is None else label)
        return ".".join(labels)

    def _build_label(self, name: str, values: Mapping[str, object], where: tuple[Origin, ...]) -> str:
        if name not in values:
            raise WrongUrlParameter(f"the host {self.text} needs a value for {name!r}", where=where)
        try:
            return self.parameters[name].format(values[name])
        except (ValueError, TypeError) as error:
            raise WrongUrlParameter(
                f"{name!r} of the host {self.text} can't be: {error!s:.200}", where=where
            ) from None


def find_host(exchange: Exchange) -> str | None:
    """The host that the request names, in lower case and without the port; None if absent or malformed."""
    value = exchange.find_header(b"host")
    if value is None:
        return None
    try:
        return parse_host(value.decode("latin-1"))[0]
    except BadRequest:
        return None


def _checked_name(name: str, text: str, where: tuple[Origin, ...]) -> str:
    try:
        return check_identifier(name)
    except ValueError:
        fix = "Write a label as text or as {name}, e.g. {tenant}.example.com."
        raise PatternError(
            f"the host {text!r} has a parameter called {name!r}", where=where, fix=fix
        ) from None


def _checked_label(label: str, text: str, where: tuple[Origin, ...]) -> str:
    if LABEL.fullmatch(label):
        return label
    fix = "Write the host alone, without scheme, port or path, e.g. api.example.com or {tenant}.example.com."
    raise PatternError(f"the host {text!r} has a part {label!r}", where=where, fix=fix)
