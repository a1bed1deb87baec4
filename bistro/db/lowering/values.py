"""Values that the two databases hold differently: lists, JSON, ranges, and Decimals as whole numbers."""

from __future__ import annotations

# Any: SQLAlchemy's elements share no useful type.
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bistro.db.column_types import ColumnType
from bistro.db.lowering.parameters import Parameters
from bistro.db.lowering.sql_types import parameter_type, sql_type
from bistro.db.model_errors import QueryError
from bistro.db.writers import Writer


class Typed(Protocol):
    """An expression in SQL and its type (`Lowered`)."""

    @property
    def sql(self) -> Any:
        """The expression."""
        ...

    @property
    def type(self) -> ColumnType | None:
        """What it holds."""
        ...


def list_parameter(type_: ColumnType, parameters: Parameters) -> Any:
    """A placeholder for a list of any length: an array in PostgreSQL, JSON in SQLite."""
    writer = Writer("list", type_)
    if parameters.dialect == "postgresql":
        return parameters.raw(ARRAY(parameter_type(type_)), writer)
    return parameters.raw(sa.Text(), writer)


def array_of(left: Any, type_: ColumnType, parameters: Parameters) -> Any:
    """The test whether a value is in a list."""
    given = list_parameter(type_, parameters)
    if parameters.dialect == "postgresql":
        return left == sa.any_(given)
    return left.in_(sa.select(listed(given)))


def listed(given: Any) -> Any:
    """The values of a list parameter of SQLite, as a column."""
    return sa.func.json_each(given).table_valued("value").c.value


def json_item(of: Any, is_name: bool, parameters: Parameters) -> Any:
    """A part of a JSON value; its name is a parameter, never part of the SQL (CVE-2019-14234)."""
    if parameters.dialect == "postgresql":
        part = parameters.raw(sa.Text() if is_name else sa.Integer(), None)
        return of.op("->", return_type=JSONB())(part)
    return of.op("->")(parameters.raw(sa.Text(), Writer("json_name" if is_name else "json_index")))


def json_value(of: Any, type_: ColumnType, dialect: str) -> Any:
    """A JSON value as one of SQL."""
    if dialect == "sqlite":
        text = of.op("->>")(sa.literal_column("'$'"))
    else:
        text = of.op("#>>")(sa.literal_column("'{}'"))
    return sa.cast(text, sql_type(type_)) if type_.kind != "text" else sa.type_coerce(text, sa.Text())


def range_test(name: str, of: Typed, parameters: Parameters) -> Any:
    """`has` and `overlaps`, of arrays and ranges."""
    type_ = of.type
    if type_ is None or type_.item is None or type_.kind not in ("array", "range"):
        raise QueryError(f"{name}() is for arrays and ranges", fix="Compare the value itself.")
    if parameters.dialect == "postgresql":
        if name == "overlaps":
            return of.sql.op("&&", is_comparison=True)(parameters.next(type_))
        item = parameters.next(type_.item)
        return item == sa.any_(of.sql) if type_.kind == "array" else of.sql.op("@>", is_comparison=True)(item)
    if type_.kind == "range":
        raise QueryError(
            f"SQLite has no {name}() of ranges", fix="Keep the two ends in columns of their own."
        )
    if name == "has":
        return parameters.next(type_.item).in_(sa.select(listed(of.sql)))
    writer = Writer("list", type_.item)
    return sa.exists(
        sa.select(sa.literal_column("1")).where(
            listed(of.sql).in_(sa.select(listed(parameters.raw(sa.Text(), writer))))
        )
    )


def same_scale(left: Typed, right: Typed) -> tuple[Any, Any]:
    """Both sides in the unit of the finer one: SQLite has Decimals as whole numbers of their last place."""
    places = [each.type.decimal_places if each.type is not None else 0 for each in (left, right)]
    finest = max(places)
    first, second = (
        each.sql * sa.literal_column(str(10 ** (finest - own))) if own < finest else each.sql
        for each, own in zip((left, right), places, strict=True)
    )
    return first, second


def scaled_product(left: Typed, right: Typed) -> Any:
    """A Decimal of SQLite times a number."""
    unit = _unit(right)
    product = left.sql * right.sql
    return product if unit == 1 else _whole(product / sa.literal_column(f"{unit}.0"))


def scaled_quotient(left: Typed, right: Typed) -> Any:
    """A Decimal of SQLite divided by a number."""
    return _whole(left.sql * sa.literal_column(f"{_unit(right)}.0") / right.sql)


def _whole(number: Any) -> Any:
    return sa.cast(sa.func.round(number), sa.INTEGER())


def _unit(of: Typed) -> int:
    return int(10 ** (of.type.decimal_places if of.type is not None else 0))
