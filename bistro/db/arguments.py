"""What stands between the brackets of a query's verbs: each argument, checked and as a part of the form."""

from __future__ import annotations

# Any: expressions have values of any type.
from typing import Any, Final

from bistro.db.expressions import Expr, Order
from bistro.db.lookups import read_order
from bistro.db.model_errors import NotAllowed, QueryError
from bistro.db.paths import RelationPath, path_of
from bistro.db.table import TableInfo

ROWS_MAX: Final = 2**63
"""Both databases count rows in 64 bits."""


def no_condition(given: object) -> QueryError:
    """A bool is no condition, whatever its type says (`Note.author == user` may be one to a type checker)."""
    return QueryError(f"{given!r} is no condition", fix="Compare a column with something: Note.views > 3.")


def as_order(given: Order | Expr[Any] | str, table: TableInfo) -> Order:
    """An order; an expression alone goes upward, and a name is read as one."""
    if isinstance(given, str):
        return read_order(table, given)
    return given if isinstance(given, Order) else given.asc()


def selected(part: Any, table: TableInfo) -> tuple[Any, tuple[Any, ...]]:
    """One thing to select: an expression, the model itself, or a model that a relation leads to."""
    if isinstance(part, Expr):
        return part.key, part.params
    if isinstance(part, RelationPath):
        return ("model", path_of(part)), ()
    if part is table.model:
        return ("model", None), ()
    raise QueryError(f"{part!r} can't be selected", fix="Name columns, expressions, relations or the model.")


def row_count(number: int) -> int:
    """A number of rows. Raises NotAllowed for one that can't be: it may well be a client's."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise QueryError(f"{number!r} is no number of rows", fix="Give an int.")
    if not 0 <= number < ROWS_MAX:
        raise NotAllowed("a number of rows is not negative, and has at most 63 bits", fix="Ask for fewer.")
    return number
