"""Recipes: what plans are made of, in values that can be kept on disk (`plan_codec.py`)."""

from __future__ import annotations

# Any: values are of any type.
from typing import Any, Final

from msgspec import Struct

from bistro.db.hydrate import Item, write_hydrate
from bistro.db.plan import Bind, Load, Plan, refuse_value
from bistro.db.writers import Writer
from bistro.ground.codegen import compile_function

# ArithmeticError: a Decimal may be too large for the arithmetic of Decimals, or a signalling NaN.
REFUSED: Final = (TypeError, ValueError, AttributeError, ArithmeticError, KeyError)


class Given(Struct, frozen=True):
    """One parameter: which value of the query it is, and what that goes through; or a constant."""

    number: int | None
    writer: Writer | None = None
    constant: int | str = 0


class Recipe(Struct, frozen=True):
    """The SQL of a query, its parameters out of `count` values, its rows, and what is loaded after it.

    Without `items` the rows stay as they are.
    """

    sql: str
    given: tuple[Given, ...]
    count: int
    items: tuple[Item, ...] = ()
    is_single: bool = False
    loads: tuple[LoadRecipe, ...] = ()

    def make(self, dialect: str) -> Plan:
        """The plan."""
        hydrate = write_hydrate(list(self.items), dialect, single=self.is_single) if self.items else list
        loads = tuple(load.make(dialect) for load in self.loads)
        return Plan(self.sql, self._write_bind(dialect), hydrate, loads)

    def _write_bind(self, dialect: str) -> Bind | None:
        names: dict[str, Any] = {}
        parts = [_write_part(each, dialect, names) for each in self.given]
        if parts == [f"p[{number}]" for number in range(self.count)]:
            return None
        source = f"""\
def bind(p):
    try:
        return ({"".join(f"{part}, " for part in parts)})
    except REFUSED as error:
        raise refuse(error) from error
"""
        names |= {"REFUSED": REFUSED, "refuse": refuse_value}
        bind: Bind = compile_function(source, "bind", "<parameters>", names)
        return bind


class LoadRecipe(Struct, frozen=True):
    """What a `Load` is made of."""

    owners: tuple[str, ...]
    name: str
    key: tuple[str, ...]
    is_many: bool
    recipe: Recipe
    slices: tuple[tuple[int, int], ...] = ()

    def make(self, dialect: str) -> Load:
        """The load, with its plan."""
        return Load(self.owners, self.name, self.key, self.is_many, self.recipe.make(dialect), self.slices)


def _write_part(given: Given, dialect: str, names: dict[str, Any]) -> str:
    if given.number is None:
        names[f"c_{len(names)}"] = given.constant
        return f"c_{len(names) - 1}"
    value = f"p[{given.number}]"
    function = given.writer.function(dialect) if given.writer is not None else None
    if function is None:
        return value
    names[f"w_{given.number}"] = function
    return f"(None if {value} is None else w_{given.number}({value}))"
