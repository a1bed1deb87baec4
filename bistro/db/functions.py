"""What the database can compute: aggregates, window functions, `case`, text, numbers, times.

Each gives an expression, which can be selected, compared, ordered by and stored:

    await Note.objects.select(Note.author.name, count()).group_by(Note.author.name)
    await Note.objects.filter(lower(Note.title) == "home")
"""

from __future__ import annotations

from datetime import datetime

# Any: SQL's functions take values of whatever type their arguments have.
from typing import Any, Final, Literal, TypeVar

from bistro.db.column_types import (
    BOOL,
    DATETIME,
    FLOAT,
    INTEGER,
    JSON,
    TEXT,
    ColumnType,
    Sizes,
    find_column_type,
)
from bistro.db.expressions import Expr, Order, Predicate, Subquery, operand
from bistro.db.keys import VALUE, check_name
from bistro.db.model_errors import QueryError
from bistro.db.paths import path_of

T = TypeVar("T")
S = TypeVar("S")
N = TypeVar("N")
Part = Literal["year", "quarter", "month", "week", "day", "hour", "minute", "second", "weekday"]
Unit = Literal["year", "month", "day", "hour", "minute"]
PARTS: Final = frozenset({"year", "quarter", "month", "week", "day", "hour", "minute", "second", "weekday"})
UNITS: Final = frozenset({"year", "month", "day", "hour", "minute"})


class Aggregate(Expr[T]):
    """One value out of many rows; `over` makes it a window function, `where` limits the rows."""

    __slots__ = ()

    def where(self, condition: Predicate) -> Aggregate[T]:
        """Only of the rows that fulfil `condition`."""
        return Aggregate(("filtered", self.key, condition.key), self.params + condition.params, self.type)

    def over(
        self,
        *,
        partition_by: Expr[Any] | tuple[Expr[Any], ...] = (),
        order_by: Expr[Any] | Order | tuple[Expr[Any] | Order, ...] = (),
    ) -> Expr[T]:
        """For each row, out of the rows with the same `partition_by`, up to it in the order of `order_by`."""
        parts = partition_by if isinstance(partition_by, tuple) else (partition_by,)
        given = order_by if isinstance(order_by, tuple) else (order_by,)
        orders = [each if isinstance(each, Order) else each.asc() for each in given]
        params = self.params + sum((each.params for each in parts), ())
        params += sum((each.params for each in orders), ())
        key = ("over", self.key, tuple(each.key for each in parts), tuple(each.key for each in orders))
        return Expr(key, params, self.type)


# --- aggregates -----------------------------------------------------------------------------------------


def count(of: Expr[Any] | None = None, *, distinct: bool = False) -> Aggregate[int]:
    """How many rows; with `of`, how many of them have a value there, or with `distinct` different ones."""
    if of is None:
        return Aggregate(("count",), (), INTEGER)
    return Aggregate(("count_distinct" if distinct else "count_of", of.key), of.params, INTEGER)


def sum_(of: Expr[N]) -> Aggregate[N | None]:
    """The sum; None of no rows."""
    return Aggregate(("sum", of.key), of.params, of.type)


def avg(of: Expr[Any]) -> Aggregate[float | None]:
    """The mean; None of no rows."""
    return Aggregate(("avg", of.key), of.params, FLOAT)


def min_(of: Expr[T]) -> Aggregate[T | None]:
    """The least value; None of no rows."""
    return Aggregate(("min", of.key), of.params, of.type)


def max_(of: Expr[T]) -> Aggregate[T | None]:
    """The greatest value; None of no rows."""
    return Aggregate(("max", of.key), of.params, of.type)


def join_text(of: Expr[str], separator: str = ", ") -> Aggregate[str | None]:
    """All texts in one, with `separator` between them."""
    return Aggregate(("join_text", of.key, VALUE), (*of.params, separator), TEXT)


# --- window functions -----------------------------------------------------------------------------------


def row_number() -> Aggregate[int]:
    """The number of the row in its window, from 1; say which window with `.over(…)`."""
    return Aggregate(("window", "row_number"), (), INTEGER)


def rank() -> Aggregate[int]:
    """The rank of the row in its window: equal rows have one, and the next is skipped."""
    return Aggregate(("window", "rank"), (), INTEGER)


def dense_rank() -> Aggregate[int]:
    """The rank of the row in its window: equal rows have one, and none is skipped."""
    return Aggregate(("window", "dense_rank"), (), INTEGER)


def lag(of: Expr[T]) -> Aggregate[T | None]:
    """The value of the row before, in its window."""
    return Aggregate(("window", "lag", of.key), of.params, of.type)


def lead(of: Expr[T]) -> Aggregate[T | None]:
    """The value of the row after, in its window."""
    return Aggregate(("window", "lead", of.key), of.params, of.type)


def first_value(of: Expr[T]) -> Aggregate[T | None]:
    """The value of the first row of the window."""
    return Aggregate(("window", "first_value", of.key), of.params, of.type)


# --- conditions -----------------------------------------------------------------------------------------


def case(*branches: tuple[Predicate, T | Expr[T]], default: T | Expr[T] | None = None) -> Expr[T]:
    """The value beside the first condition that holds, or `default`."""
    if not branches:
        raise QueryError("case() has no branch", fix="Give it pairs of a condition and a value.")
    key: list[Any] = []
    params: tuple[Any, ...] = ()
    for condition, value in branches:
        result = as_expression(value)
        key.append((condition.key, result.key))
        params += condition.params + result.params
    last = as_expression(default)
    types = [as_expression(value).type for _, value in branches]
    return Expr(("case", tuple(key), last.key), params + last.params, next(filter(None, types), last.type))


def coalesce(first: Expr[T] | Expr[T | None], *others: T | Expr[T]) -> Expr[T]:
    """The first of these that is a value."""
    return _call("coalesce", first.type, first, *others)


def nullif(first: Expr[T], second: T | Expr[T]) -> Expr[T | None]:
    """`first`, or None where it is equal to `second`."""
    return _call("nullif", first.type, first, second)


def exists(query: Subquery[Any]) -> Predicate:
    """The query has a row; inside of it, `outer(Note.id)` is the column of the query around it."""
    key, params = query.part()
    return Predicate(("exists", key), params)


def outer(column: Expr[T]) -> Expr[T]:
    """In a subquery, the column of the row of the query around it."""
    return Expr(("outer", column.key), column.params, column.type)


def scalar(query: Subquery[T]) -> Expr[T]:
    """The one value of a query, as part of another one."""
    key, params = query.part()
    return Expr(("scalar", key), params, query.type_of_first())


def any_of(relation: type[Any], *conditions: Predicate) -> Predicate:
    """Some row that `relation` leads to fulfils all of these conditions on its own columns."""
    path = path_of(relation)
    key: Any = ()
    params: tuple[Any, ...] = ()
    for condition in conditions:
        key = ("and", key, condition.key) if key else condition.key
        params += condition.params
    return Predicate(("any", path, key), params)


# --- values ---------------------------------------------------------------------------------------------


def value(of: T) -> Expr[T]:
    """A value that is the same for each row."""
    return as_expression(of)


def cast(of: Expr[Any], python: type[S]) -> Expr[S]:
    """The value as another type: `cast(Note.views, str)`."""
    type_, _ = find_column_type(python, Sizes(max_digits=18, decimal_places=6))
    return Expr(("cast", of.key, python), of.params, type_)


def lower(of: Expr[str]) -> Expr[str]:
    """In lower case (SQLite: the letters A to Z)."""
    return _call("lower", TEXT, of)


def upper(of: Expr[str]) -> Expr[str]:
    """In upper case (SQLite: the letters a to z)."""
    return _call("upper", TEXT, of)


def length(of: Expr[str]) -> Expr[int]:
    """How many characters."""
    return _call("length", INTEGER, of)


def trim(of: Expr[str]) -> Expr[str]:
    """Without spaces at either end."""
    return _call("trim", TEXT, of)


def replace(of: Expr[str], old: str | Expr[str], new: str | Expr[str]) -> Expr[str]:
    """With each `old` replaced."""
    return _call("replace", TEXT, of, old, new)


def substring(of: Expr[str], start: int, size: int) -> Expr[str]:
    """`size` characters from `start` on, which is counted from 1."""
    return Expr(("substring", of.key, VALUE, VALUE), (*of.params, start, size), TEXT)


def concat(*parts: str | Expr[str]) -> Expr[str]:
    """The texts one after the other."""
    joined = as_expression(parts[0])
    for part in parts[1:]:
        joined = joined + part
    return Expr(joined.key, joined.params, TEXT)


def abs_(of: Expr[N]) -> Expr[N]:
    """Without its sign."""
    return _call("abs", of.type, of)


def round_(of: Expr[float], digits: int = 0) -> Expr[float]:
    """Rounded to that many digits behind the point."""
    return Expr(("round", of.key, VALUE), (*of.params, digits), FLOAT)


def greatest(*of: Expr[T]) -> Expr[T]:
    """The greatest of these, in one row."""
    return _call("greatest", of[0].type, *of)


def least(*of: Expr[T]) -> Expr[T]:
    """The least of these, in one row."""
    return _call("least", of[0].type, *of)


def now() -> Expr[datetime]:
    """The time of the statement, by the database's clock."""
    return Expr(("now",), (), DATETIME)


def part(of: Expr[Any], name: Part) -> Expr[int]:
    """A part of a date or time in UTC; weeks are those of ISO 8601, a weekday goes from 1 (Monday) to 7."""
    if name not in PARTS:
        raise QueryError(f"{name!r} is no part of a time", fix=f"One of {', '.join(sorted(PARTS))}.")
    return Expr(("part", name, of.key), of.params, INTEGER)


def truncate(of: Expr[datetime], unit: Unit) -> Expr[datetime]:
    """The beginning of the year, month, day, hour or minute (in UTC) that it is in."""
    if unit not in UNITS:
        raise QueryError(f"{unit!r} is no unit to truncate to", fix=f"One of {', '.join(sorted(UNITS))}.")
    return Expr(("truncate", unit, of.key), of.params, DATETIME)


def function(name: str, *arguments: Any, returns: type[S]) -> Expr[S]:
    """A function of the database's own: `function("pg_column_size", Note.body, returns=int)`."""
    type_, _ = find_column_type(returns, Sizes(max_digits=18, decimal_places=6))
    made = [as_expression(each) for each in arguments]
    key = ("function", check_name(name), returns, tuple(each.key for each in made))
    return Expr(key, sum((each.params for each in made), ()), type_)


def matches(of: Expr[str] | tuple[Expr[str], ...], words: str, *, language: str = "simple") -> Predicate:
    """Full-text search in PostgreSQL: all these words are in it; `-` excludes one, quotes hold a phrase."""
    fields = of if isinstance(of, tuple) else (of,)
    params = sum((each.params for each in fields), ())
    return Predicate(
        ("matches", check_name(language), tuple(each.key for each in fields), VALUE), (*params, words)
    )


def as_expression(value: Any) -> Expr[Any]:
    """`value` as an expression; a plain value has the type of its class."""
    if isinstance(value, Expr):
        return value
    key, params = operand(value)
    if not params or not isinstance(value, int | float | str | bytes | datetime):
        return Expr(key, params, None)
    type_ = _TYPES[next(base for base in _TYPES if isinstance(value, base))]
    return Expr(("value", type_), params, type_)


# In this order: a bool is an int as well.
_TYPES: Final[dict[type, ColumnType]] = {
    bool: BOOL,
    int: INTEGER,
    float: FLOAT,
    str: TEXT,
    bytes: ColumnType("bytes", bytes),
    datetime: DATETIME,
    dict: JSON,
}


def _call(name: str, type_: ColumnType | None, *arguments: Any) -> Expr[Any]:
    keys: list[Any] = []
    params: tuple[Any, ...] = ()
    for each in arguments:
        key, more = operand(each)
        keys.append(key)
        params += more
    return Expr(("call", name, tuple(keys)), params, type_)
