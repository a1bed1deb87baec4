"""How far vectors are from each other, to order by and to compare:

    await Note.objects.order_by(cosine_distance(Note.embedding, found)).limit(10)

In PostgreSQL they are pgvector's operators, which an index can answer (`Index(…, using="hnsw")`).
SQLite measures the distance to each row.
"""

from __future__ import annotations

from collections.abc import Sequence

# Any: the two overloads share one body.
from typing import Any, Literal, overload

from bistro.db.column_types import FLOAT
from bistro.db.expressions import Expr, operand

Name = Literal["l2", "cosine", "inner_product"]


@overload
def l2_distance(of: Expr[list[float]], to: Sequence[float] | Expr[list[float]]) -> Expr[float]: ...
@overload
def l2_distance(of: Expr[list[float] | None], to: Sequence[float] | Expr[Any]) -> Expr[float | None]: ...
def l2_distance(of: Expr[Any], to: Sequence[float] | Expr[Any]) -> Expr[Any]:
    """The length of the straight line between two vectors (Euclid's distance); 0 for equal ones."""
    return _distance("l2", of, to)


@overload
def inner_product(of: Expr[list[float]], to: Sequence[float] | Expr[list[float]]) -> Expr[float]: ...
@overload
def inner_product(of: Expr[list[float] | None], to: Sequence[float] | Expr[Any]) -> Expr[float | None]: ...
def inner_product(of: Expr[Any], to: Sequence[float] | Expr[Any]) -> Expr[Any]:
    """The sum of the products of two vectors' numbers: the greater, the closer; order by its `.desc()`."""
    return _distance("inner_product", of, to)


def cosine_distance(of: Expr[Any], to: Sequence[float] | Expr[Any]) -> Expr[float | None]:
    """1 less the cosine of the angle between two vectors: 0 for one direction, 2 for opposite ones.

    None where a vector has only zeros, and so no direction.
    """
    return _distance("cosine", of, to)


def _distance(name: Name, of: Expr[Any], to: Any) -> Expr[Any]:
    key, params = operand(to)
    return Expr(("distance", name, of.key, key), of.params + params, FLOAT)
