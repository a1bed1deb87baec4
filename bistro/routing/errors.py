"""The routing room's own errors, B201 to B206."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from bistro.ground.errors import BistroError, SetupError
from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean


class PatternError(SetupError):
    """A path or host pattern that can't be read, e.g. an unknown converter.

    If you see this: the path in the message has a fault; the last line says how to write it.
    """

    code = "B201"


class PatternErrors(PatternError):
    """Several patterns that can't be read, told at once; `errors` holds one for each."""

    def __init__(self, errors: Iterable[PatternError]) -> None:
        self.errors = tuple(errors)
        super().__init__(f"{len(self.errors)} patterns can't be read")

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class RouteError(SetupError):
    """A route or group that can't be recorded: no such method, no callable handler, a circle of groups.

    If you see this: the line in the message registers something that is no route.
    """

    code = "B202"


class Conflict(Struct, frozen=True):
    """Several routes that answer the same requests: what they claim and where each was written."""

    what: str
    where: tuple[Origin, ...]


class RouteConflict(SetupError):
    """Routes that answer the same requests; tells every such group of routes at once.

    If you see this: nothing decides which of the handlers answers; give one of them another path,
    method, host or predicate, or say `override=True` on the one that you want.
    """

    code = "B204"

    def __init__(self, conflicts: Iterable[Conflict], fix: str) -> None:
        self.conflicts = tuple(conflicts)
        what = "; ".join(conflict.what for conflict in self.conflicts)
        where = tuple(origin for conflict in self.conflicts for origin in conflict.where)
        super().__init__(what, where=where, fix=fix)

    def __str__(self) -> str:
        blocks = [f"{type(self).__name__} ({self.code}): {conflict.what}" for conflict in self.conflicts]
        places = ["\n".join(_aligned(conflict.where)) for conflict in self.conflicts]
        return "\n".join(
            [f"{block}\n{place}" for block, place in zip(blocks, places, strict=True)] + [self.fix]
        )


class UnknownRoute(BistroError):
    """No route has this handler or name, or several have and the parameters don't decide.

    If you see this: `url()` was asked for it; `bistro routes` lists the names that there are.
    """

    code = "B205"


class WrongUrlParameter(BistroError):
    """A parameter for a URL is missing, not in the pattern, or of a kind that the pattern can't hold.

    If you see this: `url()` was called with other parameters than the path in the message has.
    """

    code = "B206"


def suggestion(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest of `known`, or "" where none is near."""
    near = did_you_mean(word, known)
    return f"Did you mean {near!r}?" if near else ""


def _aligned(origins: tuple[Origin, ...]) -> list[str]:
    places = [f"{origin.file}:{origin.line}" for origin in origins]
    place_width = max(map(len, places), default=0)
    name_width = max((len(origin.name) for origin in origins), default=0)
    lines = []
    for place, origin in zip(places, origins, strict=True):
        by = f"({origin.by})" if origin.by else ""
        lines.append(f"  {place:<{place_width}}  {origin.name:<{name_width}}  {by}".rstrip())
    return lines
