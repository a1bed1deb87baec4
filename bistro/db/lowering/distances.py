"""Distances between vectors: pgvector's operators, or functions that Bistro gives to SQLite."""

from __future__ import annotations

# Any: keys are nested tuples, SQLAlchemy's elements share no useful type.
from typing import Any, Final

import sqlalchemy as sa

from bistro.db.column_types import FLOAT
from bistro.db.lowering.expressions import Context, Lowered, lower
from bistro.db.model_errors import QueryError

OPERATORS: Final = {"l2": "<->", "cosine": "<=>", "inner_product": "<#>"}
SQLITE: Final = {
    "l2": "bistro_l2_distance",
    "cosine": "bistro_cosine_distance",
    "inner_product": "bistro_inner_product",
}


def lower_distance(context: Context, key: Any) -> Lowered:
    """The distance as a value."""
    measured = _measured(context, key)
    if context.dialect == "postgresql" and key[1] == "inner_product":
        # The operator has the sign turned round, so that less is closer.
        measured = -measured
    elif context.dialect == "postgresql" and key[1] == "cosine":
        measured = _without_nan(measured)
    return Lowered(measured, FLOAT)


def order_by_distance(context: Context, key: Any) -> Any:
    """One part of an ORDER BY, in the words that an index knows; rows without a vector come last."""
    direction, distance, nulls = key
    is_ascending = direction == "asc"
    if context.dialect == "postgresql" and distance[1] == "inner_product":
        is_ascending = not is_ascending
    measured = _measured(context, distance)
    if context.dialect == "postgresql" and distance[1] == "cosine" and not is_ascending:
        # It would come first; no index has this direction anyway.
        measured = _without_nan(measured)
    ordered = measured.asc() if is_ascending else measured.desc()
    return ordered.nulls_first() if nulls == "first" else ordered.nulls_last()


def _without_nan(measured: Any) -> Any:
    """pgvector's distance of a vector that has only zeros is not a number."""
    return sa.func.nullif(measured, sa.literal_column("'NaN'::float8"))


def _measured(context: Context, key: Any) -> Any:
    left = lower(context, key[2])
    right = lower(context, key[3], left.type)
    for each in (left, right):
        if each.type is None or each.type.kind != "vector":
            raise QueryError(
                "distances are between vectors", fix="Name a field that is declared as Field[Vector]."
            )
    assert left.type is not None
    assert right.type is not None
    if left.type.dimensions != right.type.dimensions:
        raise QueryError(
            f"there is no distance between vectors of {left.type.dimensions} and of "
            f"{right.type.dimensions} dimensions",
            fix="Compare vectors that one model has made.",
        )
    if context.dialect == "sqlite":
        return getattr(sa.func, SQLITE[key[1]])(left.sql, right.sql, type_=sa.REAL())
    return left.sql.op(OPERATORS[key[1]], return_type=sa.Double())(right.sql)
