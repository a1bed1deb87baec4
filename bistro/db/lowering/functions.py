"""What `bistro.db.functions` has, in each database's words."""

from __future__ import annotations

from collections.abc import Callable

# Any: SQLAlchemy's elements share no useful type.
from typing import Any, Final

import sqlalchemy as sa

from bistro.db.column_types import BOOL, DATETIME, FLOAT, INTEGER, TEXT, ColumnType, Sizes, find_column_type
from bistro.db.lowering.defaults import SQLITE_NOW
from bistro.db.lowering.distances import lower_distance, order_by_distance
from bistro.db.lowering.expressions import Context, Lower, Lowered, lower, lower_condition, sortable
from bistro.db.lowering.values import same_scale
from bistro.db.model_errors import QueryError

# What PostgreSQL's functions want for a position or a number of digits.
SMALL: Final = ColumnType("integer", int, bits=32)
TEXT_FUNCTIONS: Final = frozenset({"lower", "upper", "trim", "replace"})
# strftime's letters for the parts of a time; SQLite has no ISO week of its own before 3.46.
SQLITE_PARTS: Final = {
    "year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S",
    "week": "%V", "weekday": "%u",
}  # fmt: skip
POSTGRESQL_PARTS: Final[dict[str, str]] = {"weekday": "isodow"}
SQLITE_UNITS: Final = {
    "year": "%Y-01-01T00:00:00", "month": "%Y-%m-01T00:00:00", "day": "%Y-%m-%dT00:00:00",
    "hour": "%Y-%m-%dT%H:00:00", "minute": "%Y-%m-%dT%H:%M:00",
}  # fmt: skip


def _count(_context: Context, _key: Any) -> Lowered:
    return Lowered(sa.func.count(), INTEGER)


def _count_of(context: Context, key: Any) -> Lowered:
    return Lowered(sa.func.count(lower(context, key[1]).sql), INTEGER)


def _count_distinct(context: Context, key: Any) -> Lowered:
    return Lowered(sa.func.count(lower(context, key[1]).sql.distinct()), INTEGER)


def _sum(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    total: Any = sa.func.sum(of.sql)
    if of.type is not None and of.type.kind == "integer" and context.dialect == "postgresql":
        # PostgreSQL adds bigints up to a numeric, which would come as a Decimal.
        total = sa.cast(total, sa.BigInteger())
    return Lowered(total, of.type)


def _avg(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    mean: Any = sa.func.avg(of.sql)
    if of.type is not None and of.type.kind == "decimal" and context.dialect == "sqlite":
        mean = mean / sa.literal_column(f"{10**of.type.decimal_places}.0")
    return Lowered(sa.cast(mean, sa.Double().with_variant(sa.REAL(), "sqlite")), FLOAT)


def _least(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    return Lowered(sa.func.min(of.sql), of.type)


def _greatest(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    return Lowered(sa.func.max(of.sql), of.type)


def _join_text(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1]).sql
    name = "group_concat" if context.dialect == "sqlite" else "string_agg"
    return Lowered(getattr(sa.func, name)(of, lower(context, key[2], TEXT).sql), TEXT)


def _filtered(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    condition = lower_condition(context, key[2])
    return Lowered(_within_cast(of.sql, lambda inner: sa.funcfilter(inner, condition)), of.type)


def _window(context: Context, key: Any) -> Lowered:
    arguments = [lower(context, each) for each in key[2:]]
    made = getattr(sa.func, key[1])(*(each.sql for each in arguments))
    return Lowered(made, arguments[0].type if arguments else INTEGER)


def _over(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    parts = [lower(context, each).sql for each in key[2]]
    orders = [lower_order(context, each) for each in key[3]]
    made = _within_cast(
        of.sql, lambda inner: sa.over(inner, partition_by=parts or None, order_by=orders or None)
    )
    return Lowered(made, of.type)


def _within_cast(of: Any, make: Callable[[Any], Any]) -> Any:
    """`make` of an aggregate; the cast that a sum has goes around it all."""
    return sa.cast(make(of.clause), of.type) if isinstance(of, sa.Cast) else make(of)


def lower_order(context: Context, key: Any) -> Any:
    """One part of an ORDER BY."""
    if isinstance(key[1], tuple) and key[1][0] == "distance":
        return order_by_distance(context, key)
    of = sortable(context, key[1]).sql
    element = of.asc() if key[0] == "asc" else of.desc()
    if key[2]:
        return element.nulls_first() if key[2] == "first" else element.nulls_last()
    return element


def _case(context: Context, key: Any) -> Lowered:
    branches = []
    type_: ColumnType | None = None
    for condition, value in key[1]:
        test = lower_condition(context, condition)
        result = lower(context, value, type_)
        type_ = type_ or result.type
        branches.append((test, result.sql))
    default = lower(context, key[2], type_)
    return Lowered(sa.case(*branches, else_=default.sql), type_ or default.type)


def _call(context: Context, key: Any) -> Lowered:
    name = key[1]
    first = lower(context, key[2][0])
    rest = [lower(context, each, TEXT if name in TEXT_FUNCTIONS else first.type) for each in key[2][1:]]
    if name in ("greatest", "least") and context.dialect == "sqlite":
        name = "max" if name == "greatest" else "min"
    type_ = INTEGER if name == "length" else TEXT if name in TEXT_FUNCTIONS else first.type
    if name == "nullif":
        return Lowered(sa.func.nullif(*same_scale(first, rest[0])), type_)
    return Lowered(getattr(sa.func, name)(first.sql, *(each.sql for each in rest)), type_)


def _substring(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1]).sql
    start = lower(context, key[2], SMALL).sql
    return Lowered(sa.func.substr(of, start, lower(context, key[3], SMALL).sql), TEXT)


def _round(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1]).sql
    digits = lower(context, key[2], SMALL).sql
    # PostgreSQL rounds numerics only to a number of digits.
    rounded = sa.func.round(sa.cast(of, sa.Numeric()) if context.dialect == "postgresql" else of, digits)
    return Lowered(sa.cast(rounded, sa.Double().with_variant(sa.REAL(), "sqlite")), FLOAT)


def _now(context: Context, _key: Any) -> Lowered:
    if context.dialect == "sqlite":
        return Lowered(sa.literal_column(SQLITE_NOW), DATETIME)
    return Lowered(sa.func.statement_timestamp(), DATETIME)


def _part(context: Context, key: Any) -> Lowered:
    of = lower(context, key[2])
    if context.dialect == "sqlite":
        if key[1] == "quarter":
            month = sa.cast(sa.func.strftime("%m", of.sql), sa.INTEGER())
            return Lowered((month + sa.literal_column("2")).op("/")(sa.literal_column("3")), INTEGER)
        text = sa.func.strftime(sa.literal_column(f"'{SQLITE_PARTS[key[1]]}'"), of.sql)
        return Lowered(sa.cast(text, sa.INTEGER()), INTEGER)
    moment = _in_utc(of)
    if key[1] == "second":
        moment = sa.func.date_trunc("second", moment)
    name: str = POSTGRESQL_PARTS.get(key[1]) or key[1]
    return Lowered(sa.cast(sa.extract(name, moment), sa.BigInteger()), INTEGER)


def _truncate(context: Context, key: Any) -> Lowered:
    of = lower(context, key[2])
    if context.dialect == "sqlite":
        form: Any = sa.literal_column(f"'{SQLITE_UNITS[key[1]]}.000000+00:00'")
        return Lowered(sa.func.strftime(form, of.sql), DATETIME)
    unit: Any = sa.literal_column(f"'{key[1]}'")
    return Lowered(sa.func.date_trunc(unit, of.sql, sa.literal_column("'UTC'")), DATETIME)


def _in_utc(of: Lowered) -> Any:
    if of.type is not None and of.type.kind == "datetime":
        return of.sql.op("AT TIME ZONE")(sa.literal_column("'UTC'"))
    return of.sql


def _function(context: Context, key: Any) -> Lowered:
    type_, _ = find_column_type(key[2], Sizes(max_digits=18, decimal_places=6))
    return Lowered(getattr(sa.func, key[1])(*(lower(context, each).sql for each in key[3])), type_)


def _matches(context: Context, key: Any) -> Lowered:
    columns = [sa.func.coalesce(lower(context, each).sql, sa.literal_column("''")) for each in key[2]]
    if context.dialect == "sqlite":
        raise QueryError(
            "SQLite has no full-text search of plain columns",
            fix="Use icontains(), or a table of SQLite's FTS5.",
        )
    language: Any = sa.literal_column(f"'{key[1]}'")
    text: Any = columns[0]
    for column in columns[1:]:
        text = text.op("||")(sa.literal_column("' '")).op("||")(column)
    query = sa.func.websearch_to_tsquery(language, context.parameters.raw(sa.Text(), None))
    return Lowered(sa.func.to_tsvector(language, text).op("@@", is_comparison=True)(query), BOOL)


FUNCTIONS: Final[dict[str, Lower]] = {
    "count": _count,
    "count_of": _count_of,
    "count_distinct": _count_distinct,
    "sum": _sum,
    "avg": _avg,
    "min": _least,
    "max": _greatest,
    "join_text": _join_text,
    "filtered": _filtered,
    "window": _window,
    "over": _over,
    "case": _case,
    "call": _call,
    "substring": _substring,
    "round": _round,
    "now": _now,
    "part": _part,
    "truncate": _truncate,
    "function": _function,
    "matches": _matches,
    "distance": lower_distance,
}
