"""What queries are built from: columns, comparisons, arithmetic, orders, assignments.

How it works: an expression is a `key`, a nested tuple of operators and columns that says its form,
and `params`, the values in the order in which they stand in it. Two expressions of one form have
equal keys, whatever their values, so that a query's SQL is made once for its form (`shape.py`).
A value can never become part of the SQL: where it stood, the key has `VALUE`. Only `None`, True,
False and members of an enum are in the key itself: the first because `IS NULL` is another form, the
others because an index over the rows where `published` can then be used.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta

# Any: keys are nested tuples, and values are of whatever type a column has.
from typing import Any, Final, Generic, NoReturn, TypeVar, overload

from bistro.db.column_types import BOOL, DURATION, JSON, TEXT, ColumnType
from bistro.db.keys import NULL, VALUE, check_name
from bistro.db.model_errors import QueryError
from bistro.db.table import ColumnInfo

T = TypeVar("T")
S = TypeVar("S")


class Expr(Generic[T]):
    """A value that the database computes for each row."""

    __slots__ = ("key", "params", "type")

    def __init__(self, key: Any, params: tuple[Any, ...], type_: ColumnType | None) -> None:
        self.key = key
        self.params = params
        self.type = type_

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"

    __hash__ = object.__hash__

    def __eq__(self, other: T | Expr[T] | None) -> Predicate:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # fmt: skip  # a comparison in SQL
        return compare("eq", self, other)

    def __ne__(self, other: T | Expr[T] | None) -> Predicate:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # fmt: skip  # a comparison in SQL
        return compare("ne", self, other)

    def __lt__(self, other: T | Expr[T]) -> Predicate:
        return compare("lt", self, other)

    def __le__(self, other: T | Expr[T]) -> Predicate:
        return compare("le", self, other)

    def __gt__(self, other: T | Expr[T]) -> Predicate:
        return compare("gt", self, other)

    def __ge__(self, other: T | Expr[T]) -> Predicate:
        return compare("ge", self, other)

    @overload
    def __add__(self: Expr[datetime], other: timedelta) -> Expr[datetime]: ...
    @overload
    def __add__(self, other: T | Expr[T]) -> Expr[T]: ...
    def __add__(self, other: Any) -> Expr[Any]:
        return combine("add", self, other)

    def __radd__(self, other: T) -> Expr[T]:
        return combine("add", _literal(other, self.type), self)

    @overload
    def __sub__(self: Expr[datetime], other: timedelta) -> Expr[datetime]: ...
    @overload
    def __sub__(self, other: T | Expr[T]) -> Expr[T]: ...
    def __sub__(self, other: Any) -> Expr[Any]:
        return combine("sub", self, other)

    def __rsub__(self, other: T) -> Expr[T]:
        return combine("sub", _literal(other, self.type), self)

    def __mul__(self, other: T | Expr[T]) -> Expr[T]:
        return combine("mul", self, other)

    def __truediv__(self, other: T | Expr[T]) -> Expr[T]:
        return combine("div", self, other)

    def __mod__(self: Expr[int], other: int | Expr[int]) -> Expr[int]:
        return combine("mod", self, other)

    def __neg__(self) -> Expr[T]:
        return Expr(("neg", self.key), self.params, self.type)

    def is_null(self) -> Predicate:
        """There is no value."""
        return Predicate(("is_null", self.key), self.params)

    def is_not_null(self) -> Predicate:
        """There is a value."""
        return Predicate(("is_not_null", self.key), self.params)

    def in_(self, values: Iterable[T] | Subquery[T]) -> Predicate:
        """It is one of these; of no values it is none. A query of one column is a subquery."""
        if isinstance(values, Subquery):
            key, params = values.part()
            return Predicate(("in_query", self.key, key), self.params + params)
        return Predicate(("in", self.key, VALUE), (*self.params, list(values)))

    def not_in(self, values: Iterable[T] | Subquery[T]) -> Predicate:
        """It is none of these."""
        return ~self.in_(values)

    def between(self, low: T, high: T) -> Predicate:
        """It is at least `low` and at most `high`."""
        return Predicate(("between", self.key, VALUE, VALUE), (*self.params, low, high))

    @overload
    def contains(self: Expr[str], text: str | Expr[str]) -> Predicate: ...
    @overload
    def contains(self: Expr[str | None], text: str | Expr[str]) -> Predicate: ...
    def contains(self: Expr[Any], text: str | Expr[str]) -> Predicate:
        """The text is somewhere in it, in the same case; `%` and `_` stand for themselves."""
        return search("contains", self, text)

    @overload
    def startswith(self: Expr[str], text: str | Expr[str]) -> Predicate: ...
    @overload
    def startswith(self: Expr[str | None], text: str | Expr[str]) -> Predicate: ...
    def startswith(self: Expr[Any], text: str | Expr[str]) -> Predicate:
        """It begins with the text, in the same case."""
        return search("startswith", self, text)

    @overload
    def endswith(self: Expr[str], text: str | Expr[str]) -> Predicate: ...
    @overload
    def endswith(self: Expr[str | None], text: str | Expr[str]) -> Predicate: ...
    def endswith(self: Expr[Any], text: str | Expr[str]) -> Predicate:
        """It ends with the text, in the same case."""
        return search("endswith", self, text)

    @overload
    def icontains(self: Expr[str], text: str) -> Predicate: ...
    @overload
    def icontains(self: Expr[str | None], text: str) -> Predicate: ...
    def icontains(self: Expr[Any], text: str) -> Predicate:
        """The text is somewhere in it, in any case (SQLite: of the letters a to z)."""
        return search("icontains", self, text)

    @overload
    def istartswith(self: Expr[str], text: str) -> Predicate: ...
    @overload
    def istartswith(self: Expr[str | None], text: str) -> Predicate: ...
    def istartswith(self: Expr[Any], text: str) -> Predicate:
        """It begins with the text, in any case."""
        return search("istartswith", self, text)

    @overload
    def iendswith(self: Expr[str], text: str) -> Predicate: ...
    @overload
    def iendswith(self: Expr[str | None], text: str) -> Predicate: ...
    def iendswith(self: Expr[Any], text: str) -> Predicate:
        """It ends with the text, in any case."""
        return search("iendswith", self, text)

    @overload
    def iexact(self: Expr[str], text: str) -> Predicate: ...
    @overload
    def iexact(self: Expr[str | None], text: str) -> Predicate: ...
    def iexact(self: Expr[Any], text: str) -> Predicate:
        """It is the text, in any case."""
        return search("iexact", self, text)

    def has(self, item: Any) -> Predicate:
        """An array has this item; a range has this value in it (PostgreSQL)."""
        return Predicate(("has", self.key, VALUE), (*self.params, item))

    def overlaps(self, other: T) -> Predicate:
        """Two ranges have values in common, or two arrays items (PostgreSQL)."""
        return Predicate(("overlaps", self.key, VALUE), (*self.params, other))

    def __getitem__(self, part: str | int) -> Expr[Any]:
        """A part of a JSON value: `Note.data["address"]["city"]`, `Note.data["tags"][0]`."""
        name = "item" if isinstance(part, str) else "index"
        if not isinstance(part, str | int) or isinstance(part, bool):
            raise QueryError(
                f"a part of JSON is named by a str or an int, not by {part!r}", fix='Write ["name"] or [0].'
            )
        return Expr((name, self.key, VALUE), (*self.params, part), JSON)

    def as_type(self, python: type[S]) -> Expr[S]:
        """A JSON value as a text, number or bool, to compare and to order by: `.as_type(int)`."""
        kind = CASTS.get(python)
        if kind is None:
            raise QueryError(
                f"as_type() makes str, int, float and bool, not {python!r}", fix="Name one of these."
            )
        return Expr(("json_as", self.key, kind.kind), self.params, kind)

    def asc(self, *, nulls: str = "") -> Order:
        """Order by it, least first; `nulls="first"` or `"last"` says where rows without a value go."""
        return Order("asc", self, nulls)

    def desc(self, *, nulls: str = "") -> Order:
        """Order by it, greatest first."""
        return Order("desc", self, nulls)

    def label(self, name: str) -> Expr[T]:
        """The same value under a name, by which a `cte` tells two of one form apart."""
        return Expr(("label", self.key, check_name(name)), self.params, self.type)


class Predicate(Expr[bool]):
    """A condition; combine conditions with `&`, `|` and `~`."""

    __slots__ = ()
    type = BOOL  # pyright: ignore[reportIncompatibleVariableOverride]  # fmt: skip  # all have one type

    def __init__(self, key: Any, params: tuple[Any, ...]) -> None:
        # Not the base's: making predicates is half of the cost of building a query.
        self.key = key
        self.params = params

    __hash__ = object.__hash__

    def __and__(self, other: Predicate) -> Predicate:
        return _join("and", self, other)

    def __or__(self, other: Predicate) -> Predicate:
        return _join("or", self, other)

    def __invert__(self) -> Predicate:
        return Predicate(("not", self.key), self.params)

    def __bool__(self) -> NoReturn:
        raise QueryError(
            "a condition of a query has no truth of its own: the database decides it for each row",
            fix="Write & | ~ instead of and, or, not, and (a < b) & (b < c) instead of a < b < c.",
        )


class Column(Expr[T]):
    """A column of a table, or of one that a relation leads to."""

    __slots__ = ("_equal", "info")

    def __init__(self, info: ColumnInfo, key: Any = None) -> None:
        # The type of a foreign key's column is known when the other model is: see `type` there.
        self.info = info
        self.key = info if key is None else key
        self.params = ()
        self._equal = ("eq", self.key, VALUE)

    @property
    def type(self) -> ColumnType:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # fmt: skip  # found late
        """What the column holds."""
        return self.info.type

    def __repr__(self) -> str:
        return f"<Column {self.info!r}>"

    __hash__ = object.__hash__

    def __eq__(self, other: T | Expr[T] | None) -> Predicate:  # type: ignore[override]  # fmt: skip  # a comparison in SQL
        # The commonest comparison of all, without the detour through `compare`.
        if other.__class__ in PLAIN_VALUES:
            return Predicate(self._equal, (other,))
        return compare("eq", self, other)

    def set(self, value: T | Expr[T]) -> Assignment:
        """Give it this value in an update: `Post.views.set(Post.views + 1)`."""
        key, params = operand(value)
        return Assignment(self.info, key, params)


class Order:
    """An expression to order by, and which way."""

    __slots__ = ("key", "params")

    def __init__(self, direction: str, expression: Expr[Any], nulls: str = "") -> None:
        if nulls not in ("", "first", "last"):
            raise QueryError(f'nulls goes "first" or "last", not {nulls!r}', fix="Leave it out, or name one.")
        self.key = (direction, expression.key, nulls)
        self.params = expression.params


class Assignment:
    """A column and the value that an update gives it."""

    __slots__ = ("column", "key", "params")

    def __init__(self, column: ColumnInfo, key: Any, params: tuple[Any, ...]) -> None:
        self.column = column
        self.key = key
        self.params = params


class Subquery(Generic[T]):
    """A query as part of another one: what `in_`, `exists` and `scalar` take."""

    __slots__ = ()
    key: Any
    params: tuple[Any, ...]

    def part(self) -> tuple[Any, tuple[Any, ...]]:
        """Its key and values as a part of another query, with the conditions that hold here."""
        return self.key, self.params

    def type_of_first(self) -> ColumnType | None:
        """What the first selected column holds, where that is known."""
        raise NotImplementedError


CONDITIONS_MAX: Final = 500
PLAIN_VALUES: Final = frozenset({int, str})
CASTS: Final[dict[type, ColumnType]] = {
    str: TEXT,
    int: ColumnType("integer", int),
    float: ColumnType("float", float),
    bool: BOOL,
}


def compare(operator: str, left: Expr[Any], right: Any) -> Predicate:
    """`left operator right`; comparing with None asks whether there is a value."""
    if right is None:
        if operator not in ("eq", "ne"):
            raise QueryError("None is neither less nor more than a value", fix="Use .is_null().")
        return left.is_null() if operator == "eq" else left.is_not_null()
    if isinstance(right, bool | enum.Enum) and (operator not in ("eq", "ne") or _is_json(left)):
        return Predicate((operator, left.key, VALUE), (*left.params, right))
    key, params = operand(right)
    return Predicate((operator, left.key, key), left.params + params)


def _is_json(expression: Expr[Any]) -> bool:
    return expression.type is not None and expression.type.kind == "json"


def combine(operator: str, left: Expr[Any], right: Any) -> Expr[Any]:
    """`left operator right`, of the type of whichever side has one."""
    # A time and a length of time are of two types; the value says which it is.
    key, params = (("value", DURATION), (right,)) if isinstance(right, timedelta) else operand(right)
    type_ = left.type or (right.type if isinstance(right, Expr) else None)
    return Expr((operator, left.key, key), left.params + params, type_)


ANY_CASE: Final = frozenset({"icontains", "istartswith", "iendswith", "iexact"})
"""Searches that SQLite does by itself for A to Z, and otherwise, as `…_wide`, with Python's help."""


def search(operator: str, text: Expr[Any], part: Any) -> Predicate:
    """A search in text; another expression instead of a value is searched for as it is."""
    if operator in ANY_CASE and isinstance(part, str) and not part.isascii():
        operator = f"{operator}_wide"
    key, params = operand(part)
    return Predicate((operator, text.key, key), text.params + params)


def _join(operator: str, left: Predicate, right: Predicate) -> Predicate:
    """Both conditions, or one of them. A row of them is one flat key, however they were put together.

    A program may join one for each thing that a client sent: keys that grow in depth would end the
    process, where Python hashes them.
    """
    parts = (
        *(left.key[1:] if left.key[0] == operator else (left.key,)),
        *(right.key[1:] if right.key[0] == operator else (right.key,)),
    )
    if len(parts) > CONDITIONS_MAX:
        raise QueryError(f"more than {CONDITIONS_MAX} conditions", fix="Use in_() for a list of values.")
    return Predicate((operator, *parts), left.params + right.params)


def operand(value: Any) -> tuple[Any, tuple[Any, ...]]:
    """The key and values of the other side of an operator."""
    if isinstance(value, Expr):
        return value.key, value.params
    if value is None:
        return NULL, ()
    if isinstance(value, bool | enum.Enum):
        return ("constant", value), ()
    if isinstance(value, Subquery):
        key, params = value.part()
        return ("scalar", key), params
    return VALUE, (value,)


def _literal(value: Any, type_: ColumnType | None) -> Expr[Any]:
    key, params = operand(value)
    return Expr(key, params, type_)
