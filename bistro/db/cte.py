"""Queries under a name, whose rows others are joined with: `WITH busy AS (SELECT …)`.

    number = count()
    busy = Note.objects.select(Note.author.id, number).group_by(Note.author.id).cte("busy")
    await Person.objects.join(busy, busy[Note.author.id] == Person.id).select(Person.name, busy[number])

The columns of such a query are named by the expressions that it selects, which keeps their types.
"""

from __future__ import annotations

# Any: keys are nested tuples.
from typing import Any, TypeVar

from bistro.db.expressions import Expr
from bistro.db.keys import check_name
from bistro.db.model_errors import QueryError
from bistro.db.shape import Shape

T = TypeVar("T")


class Cte:
    """A query under a name (a common table expression); `Query.cte` makes it, `Query.join` uses it."""

    __slots__ = ("_keys", "name", "params", "shape")

    def __init__(self, name: str, shape: Shape, params: tuple[Any, ...]) -> None:
        self.name = check_name(name)
        self.shape = shape
        self.params = params
        self._keys = _selected_keys(shape)

    def __repr__(self) -> str:
        return f"<Cte {self.name} of {self.shape.table.label}>"

    def __getitem__(self, of: Expr[T]) -> Expr[T]:
        """The column that holds what the query selects as `of`. Raises QueryError where there is none."""
        places = [number for number, key in enumerate(self._keys) if key == of.key]
        if len(places) != 1:
            what = "selects several of that form" if places else "does not select that"
            raise QueryError(
                f"{self.name} {what}",
                fix='Select it as expression.label("name"), keep that, and name it by the same.',
            )
        return Expr(("of_cte", self.name, self.shape, places[0]), (), of.type)


def _selected_keys(shape: Shape) -> list[Any]:
    step = next((each for each in reversed(shape.steps()) if each[0] == "select"), None)
    if step is None:
        return list(shape.table.columns.values())
    if any(isinstance(key, tuple) and key[0] == "model" for key in step[1:]):
        raise QueryError("cte() of whole models beside other values", fix="Select the columns of each.")
    return list(step[1:])
