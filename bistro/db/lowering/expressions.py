"""From the key of an expression to SQLAlchemy's: one small function for each operator, in a table.

A key is read in the order in which it was built, because the values of the query come in that order:
whatever takes a placeholder does so when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

# Any: keys are nested tuples, SQLAlchemy's elements share no useful type.
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from bistro.db.column_types import BOOL, FLOAT, INTEGER, JSON, TEXT, ColumnType, Sizes, find_column_type
from bistro.db.keys import NULL, VALUE
from bistro.db.lowering.hidden import chooses_index
from bistro.db.lowering.parameters import Parameters
from bistro.db.lowering.scope import Scope, related_rows
from bistro.db.lowering.search import SEARCHES
from bistro.db.lowering.sql_types import quoted, sql_type
from bistro.db.lowering.values import (
    array_of,
    json_item,
    json_value,
    range_test,
    same_scale,
    scaled_product,
    scaled_quotient,
)
from bistro.db.model_errors import QueryError
from bistro.db.paths import PathColumn
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo


class Lowered(NamedTuple):
    """An expression in SQL, and what it holds where that is known."""

    sql: Any
    type: ColumnType | None


Select = Callable[[Shape, Scope, Parameters], Any]


class Context(NamedTuple):
    """What an expression is lowered in.

    `operators` has a function for each word that a key may begin with. `select` lowers a query
    within the query.
    """

    scope: Scope
    parameters: Parameters
    operators: Mapping[str, Any]
    select: Select
    is_condition: bool = False
    """In a condition, a column behind a relation to several rows asks whether one of them fits."""

    @property
    def dialect(self) -> str:
        """The SQL that is written."""
        return self.parameters.dialect


Lower = Callable[[Context, Any], Lowered]


def lower(context: Context, key: Any, hint: ColumnType | None = None) -> Lowered:
    """The SQL of a key; `hint` is the type of a bare value in it: that of what it is compared with."""
    if isinstance(key, ColumnInfo):
        return Lowered(context.scope.column(key), key.type)
    if isinstance(key, PathColumn):
        return Lowered(context.scope.column(key), key.column.type)
    if key is VALUE:
        return Lowered(context.parameters.next(hint), hint)
    if key is NULL:
        return Lowered(sa.null(), hint)
    if key[0] == "constant":
        return Lowered(_constant(key[1]), hint or BOOL)
    function: Lower = context.operators[key[0]]
    return function(context, key)


def lower_condition(context: Context, key: Any) -> Any:
    """The SQL of a condition. A test of a column behind several rows becomes EXISTS."""
    return lower(context._replace(is_condition=True), key).sql


def _constant(value: Any) -> Any:
    if isinstance(value, bool):
        return sa.true() if value else sa.false()
    # A member of an enum is the program's own; its stored value is written as a literal of its type.
    stored = value.value
    return sa.literal_column(quoted(stored))


# --- conditions -----------------------------------------------------------------------------------------


def _and(context: Context, key: Any) -> Lowered:
    return Lowered(sa.and_(*[lower(context, part).sql for part in key[1:]]), BOOL)


def _or(context: Context, key: Any) -> Lowered:
    return Lowered(sa.or_(*[lower(context, part).sql for part in key[1:]]), BOOL)


def _not(context: Context, key: Any) -> Lowered:
    return Lowered(sa.not_(lower(context, key[1]).sql), BOOL)


def _test(make: Callable[[Context, Any], Any]) -> Lower:
    """A test of values, which is asked of each row where a relation leads to several."""

    def test(context: Context, key: Any) -> Lowered:
        path = _path_to_many(key) if context.is_condition else None
        if path is None:
            return Lowered(make(context, key), BOOL)
        home = context.scope.home_of(path)
        if path in home.joined or (home.prefix is not None and home.prefix is path):
            return Lowered(make(context, key), BOOL)
        scope, tie = related_rows(context.scope, path, is_implied=True)
        inner = make(context._replace(scope=scope), key)
        query: Any = sa.select(sa.literal_column("1")).select_from(scope.source).where(tie, inner)
        return Lowered(sa.exists(query), BOOL)

    return test


def _path_to_many(key: Any) -> Any:
    """The path, up to its first step to several rows, of the first column in a key that has one."""
    for column in _columns(key):
        chain: list[Any] = []
        path: Any = column.path
        while path is not None:
            chain.append(path)
            path = path.parent
        found = next((each for each in reversed(chain) if each.relation.is_many), None)
        if found is not None:
            return found
    return None


def _columns(key: Any) -> Iterator[PathColumn]:
    if isinstance(key, PathColumn):
        yield key
    elif isinstance(key, tuple):
        for each in key:
            yield from _columns(each)


def _comparison(operator: Callable[[Any, Any], Any], *, by_size: bool = False) -> Lower:
    def make(context: Context, key: Any) -> Any:
        left, right = _both(context, key, sortable if by_size else readable)
        return operator(left, right)

    return _test(make)


def _both(context: Context, key: Any, lower_left: Callable[[Context, Any], Lowered]) -> tuple[Any, Any]:
    """Both sides of a comparison; a bare value has the type of the other side."""
    left = lower_left(context, key[1])
    if key[0] == "eq" and key[2] is VALUE and not chooses_index(key[1]):
        right = Lowered(context.parameters.hidden(left.type), left.type)
    else:
        right = lower(context, key[2], left.type)
    if context.dialect == "sqlite":
        return same_scale(left, right)
    return left.sql, right.sql


def readable(context: Context, key: Any) -> Lowered:
    """The SQL of a key that is compared with something."""
    of = lower(context, key)
    if of.type is not None and of.type.kind == "encrypted":
        raise QueryError(
            f"{of.type.purpose} is encrypted, so that the database can't compare it",
            fix="Find rows by another column: keep what you search for, or a hash of it, in one of its own.",
        )
    return of


def sortable(context: Context, key: Any) -> Lowered:
    """The SQL of a key whose values have an order that means something."""
    of = readable(context, key)
    if of.type is not None and of.type.kind == "vector":
        raise QueryError(
            "no vector is less than another one", fix="Use a distance: l2_distance(Note.embedding, found)."
        )
    return of


def _is_null(context: Context, key: Any) -> Any:
    return lower(context, key[1]).sql.is_(sa.null())


def _is_not_null(context: Context, key: Any) -> Any:
    return lower(context, key[1]).sql.is_not(sa.null())


def _in(context: Context, key: Any) -> Any:
    left = readable(context, key[1])
    if left.type is None:
        raise QueryError("in_() of a value whose type is not known", fix="cast() it.")
    if left.type.kind == "vector":
        raise QueryError("in_() is not for vectors", fix="Filter by l2_distance(…) or another distance.")
    return array_of(left.sql, left.type, context.parameters)


def _in_query(context: Context, key: Any) -> Any:
    left = readable(context, key[1]).sql
    return left.in_(context.select(key[2], context.scope, context.parameters))


def _between(context: Context, key: Any) -> Any:
    middle = sortable(context, key[1])
    low = lower(context, key[2], middle.type).sql
    return middle.sql.between(low, lower(context, key[3], middle.type).sql)


def _search(context: Context, key: Any) -> Any:
    text = readable(context, key[1]).sql
    if key[2] is VALUE:
        return SEARCHES[key[0]].of_value(text, context.parameters)
    part = lower(context, key[2], TEXT).sql
    return SEARCHES[key[0]].of_expression(text, part, context.dialect)


def _has(context: Context, key: Any) -> Any:
    return range_test("has", lower(context, key[1]), context.parameters)


def _overlaps(context: Context, key: Any) -> Any:
    return range_test("overlaps", lower(context, key[1]), context.parameters)


def _exists(context: Context, key: Any) -> Lowered:
    return Lowered(sa.exists(context.select(key[1], context.scope, context.parameters)), BOOL)


def _any(context: Context, key: Any) -> Lowered:
    """Some row behind a relation fulfils a condition on that row's own columns."""
    scope, tie = related_rows(context.scope, key[1])
    query: Any = sa.select(sa.literal_column("1")).where(tie)
    if key[2]:
        query = query.where(lower(context._replace(scope=scope, is_condition=True), key[2]).sql)
    return Lowered(sa.exists(query.select_from(scope.source)), BOOL)


# --- values ---------------------------------------------------------------------------------------------


def _arithmetic(operator: Callable[[Any, Any], Any]) -> Lower:
    def make(context: Context, key: Any) -> Lowered:
        left, right = _operands(context, key)
        type_ = left.type or right.type
        if type_ is not None and type_.kind in ("datetime", "date", "time") and context.dialect == "sqlite":
            raise QueryError(
                "SQLite can't add to times", fix="Compute the time in Python, and compare with it."
            )
        if type_ is not None and type_.kind == "text":
            return Lowered(left.sql.op("||")(right.sql), TEXT)
        if context.dialect == "sqlite":
            return Lowered(operator(*same_scale(left, right)), type_)
        return Lowered(operator(left.sql, right.sql), type_)

    return make


def _operands(context: Context, key: Any) -> tuple[Lowered, Lowered]:
    left = lower(context, key[1])
    return left, lower(context, key[2], left.type)


def _multiply(context: Context, key: Any) -> Lowered:
    left, right = _operands(context, key)
    if context.dialect == "sqlite" and left.type is not None and left.type.kind == "decimal":
        return Lowered(scaled_product(left, right), left.type)
    return Lowered(left.sql * right.sql, left.type or right.type)


def _divide(context: Context, key: Any) -> Lowered:
    left, right = _operands(context, key)
    if context.dialect == "sqlite" and left.type is not None and left.type.kind == "decimal":
        return Lowered(scaled_quotient(left, right), left.type)
    # Whole numbers divide to whole numbers, as in both databases.
    return Lowered(left.sql.op("/")(right.sql), left.type or right.type)


def _negative(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    return Lowered(-of.sql, of.type)


def _of_cte(context: Context, key: Any) -> Lowered:
    _, name, shape, number = key
    return Lowered(*context.scope.column_of_cte(name, shape, number))


def _label(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    return Lowered(of.sql.label(key[2]), of.type)


def _value(context: Context, key: Any) -> Lowered:
    return Lowered(context.parameters.next(key[1]), key[1])


def _outer(context: Context, key: Any) -> Lowered:
    if context.scope.outer is None:
        raise QueryError("outer() is for a query within another", fix="Use the column itself.")
    return lower(context._replace(scope=context.scope.outer), key[1])


def _scalar(context: Context, key: Any) -> Lowered:
    query = context.select(key[1], context.scope, context.parameters)
    return Lowered(query.scalar_subquery(), getattr(query, "bistro_type", None))


def _item(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1]).sql
    return Lowered(json_item(of, key[0] == "item", context.parameters), JSON)


def _json_as(context: Context, key: Any) -> Lowered:
    types = {"text": TEXT, "integer": INTEGER, "float": FLOAT, "bool": BOOL}
    return Lowered(json_value(lower(context, key[1]).sql, types[key[2]], context.dialect), types[key[2]])


def _cast(context: Context, key: Any) -> Lowered:
    of = lower(context, key[1])
    type_, _ = find_column_type(key[2], Sizes(max_digits=18, decimal_places=6))
    return Lowered(sa.cast(of.sql, sql_type(type_)), type_)


CONDITIONS_AND_VALUES: Final[dict[str, Lower]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "eq": _comparison(lambda left, right: left == right),
    "ne": _comparison(lambda left, right: left != right),
    "lt": _comparison(lambda left, right: left < right, by_size=True),
    "le": _comparison(lambda left, right: left <= right, by_size=True),
    "gt": _comparison(lambda left, right: left > right, by_size=True),
    "ge": _comparison(lambda left, right: left >= right, by_size=True),
    "is_null": _test(_is_null),
    "is_not_null": _test(_is_not_null),
    "in": _test(_in),
    "in_query": _test(_in_query),
    "between": _test(_between),
    **dict.fromkeys(SEARCHES, _test(_search)),
    "has": _test(_has),
    "overlaps": _test(_overlaps),
    "exists": _exists,
    "of_cte": _of_cte,
    "any": _any,
    "add": _arithmetic(lambda left, right: left + right),
    "sub": _arithmetic(lambda left, right: left - right),
    "mod": _arithmetic(lambda left, right: left % right),
    "mul": _multiply,
    "div": _divide,
    "neg": _negative,
    "label": _label,
    "value": _value,
    "outer": _outer,
    "scalar": _scalar,
    "item": _item,
    "index": _item,
    "json_as": _json_as,
    "cast": _cast,
}
