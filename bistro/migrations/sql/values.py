"""Values of Python as literals of SQL: those that rows get which are there before their column is."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

# Any: a value is of the type that its column holds.
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from bistro.db.column_types import ColumnType
from bistro.db.storage import find_writer
from bistro.migrations.errors import MigrationFileError
from bistro.migrations.schema import Column
from bistro.migrations.sql.types import column_type
from bistro.migrations.sql_text import SQL

_EMPTY: Final[dict[str, Any]] = {
    "integer": 0, "float": 0.0, "decimal": Decimal(0), "text": "", "bytes": b"", "bool": False,
    "datetime": datetime(1970, 1, 1, tzinfo=UTC), "uuid": UUID(int=0), "json": {},
    "date": date(1970, 1, 1), "time": time(0), "duration": timedelta(0), "array": [],
}  # fmt: skip


# Any: see above.
def empty_value(column: Column) -> Any:
    """What stands in a column without a value, where a migration is reverted that dropped it; else UNSET."""
    return [0.0] * column.dimensions if column.kind == "vector" else _EMPTY.get(column.kind, UNSET)


def as_sql(value: Any, column: Column, dialect: str) -> str:
    """`value` as it is written into a statement. Raises MigrationFileError where it can't be."""
    if isinstance(value, SQL):
        return f"({value.for_dialect(dialect)})"
    if value is None:
        return "NULL"
    try:
        return _literal(value, column_type(column), dialect)
    except (TypeError, ValueError, OverflowError) as error:
        raise MigrationFileError(
            f"{value!r} is no value for the {column.kind} column {column.name}: {error}"
        ) from error


def _literal(value: Any, type_: ColumnType, dialect: str) -> str:
    if isinstance(value, enum.Enum):
        value = value.value
    if type_.kind == "array" and dialect == "postgresql":
        assert type_.item is not None
        inner = ", ".join(_literal(each, type_.item, dialect) for each in value)
        return f"ARRAY[{inner}]" if value else "'{}'"
    if type_.kind == "json":
        return _text(msgspec.json.encode(value).decode())
    if type_.kind == "range" and dialect == "postgresql":
        raise ValueError('write it as SQL("…")')
    write = find_writer(type_, dialect) if type_.kind != "encrypted" else None
    return _plain(write(value) if write is not None else value, dialect)


def _plain(stored: Any, dialect: str) -> str:
    if isinstance(stored, bool):
        return str(stored).lower() if dialect == "postgresql" else str(int(stored))
    if isinstance(stored, int | float | Decimal):
        return str(stored)
    if isinstance(stored, bytes):
        return f"'\\x{stored.hex()}'" if dialect == "postgresql" else f"X'{stored.hex()}'"
    if isinstance(stored, timedelta):
        return f"'{stored.total_seconds():f} seconds'"
    if isinstance(stored, datetime | date | time):
        return _text(stored.isoformat())
    if isinstance(stored, str | UUID) or hasattr(stored, "compressed"):
        return _text(str(stored))
    raise TypeError("it has no form in SQL")


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text with a NUL can't be stored")
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
