"""Who claims what: everything that a site is made of, with the place where it was written.

Two that claim the same thing is found out when the site is frozen, for everything at once, and told
with both places. The idea is Pyramid's, where it holds for configuration directives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from msgspec import Struct

from bistro.ground.errors import SetupError
from bistro.ground.registry import Origin


class Claim(Struct, frozen=True):
    """One thing that somebody registered: of which kind, under which key, and where."""

    kind: str
    """What it is, in a word that a message can use: `route`, `provider`, `command`, `template`."""
    key: Hashable
    """What there may be only one of, within its kind."""
    origin: Origin
    override: bool = False
    """Whether it is meant to replace other claims of the same key."""

    def __str__(self) -> str:
        return f"{self.kind} {_shown(self.key)}"


class ConflictError(SetupError):
    """Several parts of the site claim one thing; `conflicts` holds every such group of claims."""

    code = "B102"

    def __init__(self, conflicts: Iterable[tuple[Claim, ...]]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__(
            "; ".join(_describe(claims) for claims in self.conflicts),
            where=tuple(claim.origin for claims in self.conflicts for claim in claims),
            fix="Remove or rename all but one, or pass override=True where it should replace the others.",
        )

    def __str__(self) -> str:
        lines = []
        for claims in self.conflicts:
            lines.append(f"{type(self).__name__} ({self.code}): {_describe(claims)}")
            lines += [f"  {claim.origin}" for claim in claims]
        return "\n".join([*lines, self.fix])


class Registry:
    """Collects claims in the order in which they are made, and finds those that clash.

    registry.claim("command", "seed", Origin("shop.py", 3))
    registry.claim("command", "seed", Origin("blog.py", 9))
    registry.raise_conflicts()

    ConflictError (B102): two claims of command 'seed'
      shop.py:3
      blog.py:9
    Remove or rename all but one, or pass override=True where it should replace the others.
    """

    __slots__ = ("_claims",)

    def __init__(self) -> None:
        self._claims: dict[tuple[str, Hashable], list[Claim]] = {}

    def claim(self, kind: str, key: Hashable, origin: Origin, *, override: bool = False) -> None:
        """Note that `origin` registers `key` as a `kind`.

        The same place claiming the same thing again, as when a module is included twice, is one
        claim. With `override` it replaces those that are claimed without. A clash is not raised
        here but by `raise_conflicts`, together with all others.
        """
        claims = self._claims.setdefault((kind, key), [])
        new = Claim(kind, key, origin, override)
        if new not in claims:
            claims.append(new)

    def entries(self, kind: str | None = None) -> list[Claim]:
        """The claims that hold, all of them or those of one kind, in order of their first claim."""
        return [
            _winners(claims)[-1]
            for (claimed_kind, _), claims in self._claims.items()
            if kind is None or claimed_kind == kind
        ]

    def find(self, kind: str, key: Hashable) -> Claim | None:
        """The claim of `key` that holds, or None."""
        claims = self._claims.get((kind, key))
        return None if claims is None else _winners(claims)[-1]

    def history(self, kind: str, key: Hashable) -> list[Claim]:
        """Every claim of `key` in order, those that were replaced included."""
        return list(self._claims.get((kind, key), ()))

    def kinds(self) -> list[str]:
        """The kinds that have been claimed, in order of their first claim."""
        return list(dict.fromkeys(kind for kind, _ in self._claims))

    def conflicts(self) -> list[tuple[Claim, ...]]:
        """Each group of claims of which only one could hold."""
        groups = (_winners(claims) for claims in self._claims.values())
        return [tuple(winners) for winners in groups if len(winners) > 1]

    def raise_conflicts(self) -> None:
        """Raise one ConflictError (B102) for all clashes; do nothing where there is none."""
        conflicts = self.conflicts()
        if conflicts:
            raise ConflictError(conflicts)


def _winners(claims: list[Claim]) -> list[Claim]:
    # In whatever order they were made: two that both mean to win clash with each other.
    return [claim for claim in claims if claim.override] or claims


def _describe(claims: tuple[Claim, ...]) -> str:
    number = {2: "two", 3: "three"}.get(len(claims), str(len(claims)))
    return f"{number} claims of {claims[0]}"


def _shown(key: Hashable) -> str:
    return key.__qualname__ if isinstance(key, type) else repr(key)
