"""From a column of the state to the type that the database room knows."""

from __future__ import annotations

import ipaddress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# Any: annotations are objects of every kind.
from typing import Any, Final
from uuid import UUID

from bistro.db.column_types import ColumnType
from bistro.db.ranges import Range
from bistro.db.vectors import Vector
from bistro.migrations.schema import Column

PYTHON: Final[dict[str, Any]] = {
    "integer": int, "float": float, "decimal": Decimal, "text": str, "bytes": bytes, "bool": bool,
    "date": date, "time": time, "datetime": datetime, "duration": timedelta, "uuid": UUID, "json": Any,
    "inet": ipaddress.IPv4Address | ipaddress.IPv6Address, "encrypted": str,
    "vector": Vector,
}  # fmt: skip


def column_type(column: Column) -> ColumnType:
    """What the column holds."""
    kind = column.kind
    if kind == "array":
        return ColumnType("array", _generic(list, column), item=_item(column))
    if kind == "range":
        return ColumnType("range", _generic(Range, column), item=_item(column))
    python = ipaddress.IPv4Network if column.network else PYTHON[kind]
    return ColumnType(
        kind,
        python,
        bits=column.bits,
        max_length=column.max_length or None,
        max_digits=column.max_digits,
        decimal_places=column.decimal_places,
        dimensions=column.dimensions,
    )


# Any: a class that takes a parameter.
def _generic(kind: Any, column: Column) -> Any:
    return kind[PYTHON[column.item]]


def _item(column: Column) -> ColumnType:
    item: Any = column.item
    digits, places = (18, 6) if item == "decimal" else (0, 0)
    return ColumnType(item, PYTHON[item], bits=column.bits, max_digits=digits, decimal_places=places)
