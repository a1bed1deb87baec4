"""Plans: everything about a query that does not depend on its values, made once for each of its forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# Any: parameters and rows have values of any type.
from typing import Any

from msgspec import Struct

from bistro.db.errors import ValueNotStorable

Bind = Callable[[tuple[Any, ...]], Sequence[Any]]
Hydrate = Callable[[list[Any]], list[Any]]


class Load(Struct, frozen=True, eq=False):
    """A relation to several rows (or to one, for instances that are there already), loaded by one query.

    `owners` are the attributes that lead from what was found to the instances that get `name`, and
    `key` are the fields of theirs that the query is asked with. Its rows are pairs of a key and an
    instance. `slices` are the values of the outer query that go along: where they begin, and how many.
    """

    owners: tuple[str, ...]
    name: str
    key: tuple[str, ...]
    is_many: bool
    plan: Plan
    slices: tuple[tuple[int, int], ...] = ()


class Plan(Struct, frozen=True, eq=False):
    """The SQL of a query, how its values become parameters, and how its rows become results.

    `bind` is None where the values are the parameters as they are.
    """

    sql: str
    bind: Bind | None
    hydrate: Hydrate
    loads: tuple[Load, ...] = ()

    def values(self, params: tuple[Any, ...]) -> Sequence[Any]:
        """The parameters for the values of a query."""
        return params if self.bind is None else self.bind(params)


def refuse_value(error: Exception) -> ValueNotStorable:
    """The error for a value that does not become what its column holds."""
    return ValueNotStorable(
        f"a value does not fit its column: {error}", fix="Give a value of the type that the field declares."
    )
