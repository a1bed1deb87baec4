"""What a column is called in SQL, in each database.

SQLite's tables are STRICT, with its four storage classes: what it has no class of its own for is
text in a form that sorts as the values do, or a whole number (`storage.py` says which form).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

# Any: SQLAlchemy's types are generic in what we do not use.
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bistro.db.column_types import ColumnType

Type = sa.types.TypeEngine[Any]
INTEGERS: Final[dict[int, Callable[[], Type]]] = {16: sa.SmallInteger, 32: sa.Integer, 64: sa.BigInteger}
RANGES: Final[dict[str, Callable[[], Type]]] = {
    "integer": pg.INT8RANGE,
    "decimal": pg.NUMRANGE,
    "date": pg.DATERANGE,
    "datetime": pg.TSTZRANGE,
}
NETWORKS: Final = (ipaddress.IPv4Network, ipaddress.IPv6Network)
SQLITE: Final[dict[str, Type]] = {
    **dict.fromkeys(("integer", "bool", "decimal", "duration"), sa.INTEGER()),
    "float": sa.REAL(),
    **dict.fromkeys(("bytes", "vector"), sa.BLOB()),
    **dict.fromkeys(
        ("text", "date", "time", "datetime", "uuid", "json", "array", "range", "inet", "encrypted"), sa.TEXT()
    ),
}


class VectorType(sa.types.UserDefinedType[Any]):
    """pgvector's `vector`, with its size where it is that of a column."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, dimensions: int = 0) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: object) -> str:
        """Its name in SQL."""
        return f"vector({self.dimensions})" if self.dimensions else "vector"


def sql_type(type_: ColumnType) -> Type:
    """The type of a column in PostgreSQL, with its variant for SQLite."""
    return _postgresql(type_).with_variant(sqlite_type(type_), "sqlite")


def sqlite_type(type_: ColumnType) -> Type:
    """The storage class of a column in SQLite."""
    return SQLITE[stored_kind(type_)]


def parameter_type(type_: ColumnType) -> Type:
    """The type of a value in a statement: without a size, which PostgreSQL would cut the value to."""
    made = SIZELESS[type_.kind]() if type_.kind in SIZELESS else _postgresql(type_)
    return made.with_variant(sqlite_type(type_), "sqlite")


def stored_kind(type_: ColumnType) -> str:
    """The kind of what is really stored: an enum's values are texts or integers, a file is a text."""
    if type_.kind == "file":
        return "text"
    if type_.kind != "enum":
        return type_.kind
    return "text" if isinstance(type_.choices[0], str) else "integer"


def _postgresql(type_: ColumnType) -> Type:
    match stored_kind(type_):
        case "integer":
            return INTEGERS[type_.bits]()
        case "decimal":
            return sa.Numeric(type_.max_digits, type_.decimal_places) if type_.max_digits else sa.Numeric()
        case "text":
            return sa.String(type_.max_length) if type_.max_length else sa.Text()
        case "array":
            assert type_.item is not None
            return pg.ARRAY(_postgresql(type_.item))
        case "range":
            assert type_.item is not None
            return RANGES[type_.item.kind]()
        case "vector":
            return VectorType(type_.dimensions)
        case "inet":
            return pg.CIDR() if type_.python in NETWORKS else pg.INET()
        case kind:
            return PLAIN[kind]()


SIZELESS: Final[dict[str, Callable[[], Type]]] = {"decimal": sa.Numeric, "vector": VectorType}
PLAIN: Final[dict[str, Callable[[], Type]]] = {
    "float": sa.Double,
    "bytes": sa.LargeBinary,
    "bool": sa.Boolean,
    "date": sa.Date,
    "time": sa.Time,
    "datetime": lambda: sa.DateTime(timezone=True),
    "duration": sa.Interval,
    "uuid": sa.Uuid,
    "json": pg.JSONB,
    "encrypted": sa.Text,
}


def quoted_name(name: str) -> str:
    """The name of a column as both databases read it, whatever word it is."""
    return f'"{name}"'


def quoted(value: str | int) -> str:
    """A constant of the program's own as a literal of SQL."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
