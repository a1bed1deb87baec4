"""Results in parts: by page number with a total, or by place with a cursor that a client hands back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

# Any: the values of a cursor are those of any columns.
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from bistro.db.expressions import Column, Order, Predicate
from bistro.db.model_errors import NotAllowed, QueryError
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, TableInfo

T = TypeVar("T")
CURSOR_LENGTH_MAX: Final = 2_000


class PageOf(Struct, Generic[T], frozen=True):
    """A page of rows by number, from 1, and how many rows there are in all."""

    items: list[T]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; one even without rows."""
        return max(1, -(-self.total // self.size)) if self.size else 1

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.number < self.pages

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before this one."""
        return self.number > 1


class Slice(Struct, Generic[T], frozen=True):
    """Rows from a place on; `next` is the place behind them, or "" at the end."""

    items: list[T]
    next: str


class WrongCursor(NotAllowed):
    """A place that no earlier slice gave: a client changed it, or it is of another order."""


def slice_of(rows: list[T], orders: list[Order], size: int) -> Slice[T]:
    """The first `size` of `rows`, and the place behind them where there is one more."""
    if len(rows) <= size:
        return Slice(rows, "")
    last = rows[size - 1]
    values = [getattr(last, order.key[1].field) for order in orders]
    return Slice(rows[:size], urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("="))


def cursor_orders(shape: Shape) -> list[Order]:
    """The order of a query's rows, with the key at its end so that no two rows have one place.

    Raises QueryError where it goes by anything but columns of the table that always have a value.
    """
    last = next((step for step in reversed(shape.steps()) if step[0] == "order"), ("order",))
    orders = []
    for direction, info, _ in last[1:]:
        if info not in shape.table.columns.values() or info.nullable:
            raise QueryError(
                "slice() goes by columns of the table itself that always have a value",
                fix="Order by such columns, or use page().",
            )
        orders.append(Order(direction, Column[Any](info)))
    seen = {order.key[1] for order in orders}
    direction = orders[-1].key[0] if orders else "asc"
    return orders + [Order(direction, Column[Any](key)) for key in shape.table.key if key not in seen]


def read_cursor(text: str, orders: list[Order], table: TableInfo) -> Predicate:
    """The condition for rows behind a place. Raises WrongCursor.

    Rows come after (a, b, c) if their a is greater, or equal and their b greater, and so on; with a
    column in descending order, less.
    """
    columns: list[ColumnInfo] = [order.key[1] for order in orders]
    values = _decode(text, columns, table)
    whole: Predicate | None = None
    for order, info, value in reversed(list(zip(orders, columns, values, strict=True))):
        column: Column[Any] = Column(info)
        beyond = column > value if order.key[0] == "asc" else column < value
        whole = beyond if whole is None else beyond | ((column == value) & whole)
    assert whole is not None
    return whole


def _decode(text: str, columns: list[ColumnInfo], table: TableInfo) -> list[Any]:
    try:
        if len(text) > CURSOR_LENGTH_MAX:
            raise ValueError
        stored = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
        if len(stored) != len(columns):
            raise ValueError
        return [
            msgspec.convert(value, column.type.python) for value, column in zip(stored, columns, strict=True)
        ]
    except (ValueError, msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise WrongCursor(
            f"{text[:40]!r} is no place in this list of {table.label}",
            fix="Begin at the start, with an empty text.",
        ) from error
