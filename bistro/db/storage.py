"""How values stand in a database, where it has no type of its own for them.

PostgreSQL's driver takes and gives Python's types, and JSON as parsed values. SQLite knows numbers,
texts and bytes:

    bool         0 or 1                          datetime   text in UTC, 2025-01-31T09:30:00.000000+00:00
    Decimal      whole number of its last place  date, time text in ISO 8601
    timedelta    whole number of microseconds    UUID, IP   text
    Vector       bytes, 4 for each number
    JSON, list   text                            Range      text, as JSON

Each form sorts as the values do. A float that is not a number has no form in SQLite (it would become
NULL), and a datetime without a zone none anywhere: both are refused.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final  # Any: values are of every type that a column can hold.
from uuid import UUID

import msgspec
from msgspec import Struct

from bistro.db.column_types import INET, ColumnType
from bistro.db.encryption import read_encrypted, write_encrypted
from bistro.db.ranges import Range
from bistro.db.vectors import pack_vector, read_vector, unpack_vector, write_vector
from bistro.ground.stored_files import read_stored_file, write_stored_file

Convert = Callable[[Any], Any]
MICROSECOND: Final = timedelta(microseconds=1)
DECIMAL_DIGITS_MAX: Final = 30
"""SQLite's integers have 19 digits; numbers that are a little larger can be compared with them."""


class Reader(Struct, frozen=True):
    """How a stored value becomes Python's: an expression with `{value}`, and what it names.

    It is written into the loop over the rows, so that the common ones need no call of ours.
    """

    expression: str
    function: Any = None


def find_reader(type_: ColumnType, dialect: str) -> Reader | None:
    """How to read a column; None where the driver gives the value as it is wanted."""
    if type_.kind == "enum":
        return Reader("{function}[{value}]", {member.value: member for member in type_.python})
    if type_.kind == "file":
        return Reader("{function}({value})", read_stored_file)
    if type_.kind == "encrypted":
        return Reader("{function}({value})", partial(read_encrypted, type_))
    if dialect == "postgresql":
        found = _POSTGRESQL_READERS.get(type_.kind)
        return found(type_) if found else None
    return _SQLITE_READERS[type_.kind](type_) if type_.kind in _SQLITE_READERS else None


def find_writer(type_: ColumnType, dialect: str) -> Convert | None:
    """What a value for a column goes through; None where the driver takes it as it is."""
    if type_.kind == "enum":
        return _write_enum
    if type_.kind == "file":
        return write_stored_file
    if type_.kind == "encrypted":
        return partial(write_encrypted, type_)
    if type_.kind == "vector":
        return partial(write_vector if dialect == "postgresql" else pack_vector, type_.dimensions)
    if dialect == "postgresql":
        return _POSTGRESQL_WRITERS.get(type_.kind)
    if type_.kind == "decimal":
        return partial(_write_decimal, 10**type_.decimal_places)
    if type_.kind == "array":
        assert type_.item is not None
        return list_writer(type_.item)
    return _SQLITE_WRITERS.get(type_.kind)


def list_writer(item: ColumnType) -> Convert:
    """What a list goes through on its way into SQLite: JSON of the stored forms."""
    write = find_writer(item, "sqlite")

    def write_list(values: Any) -> str:
        stored = [None if each is None else write(each) for each in values] if write else list(values)
        return msgspec.json.encode(stored).decode()

    return write_list


def item_writer(item: ColumnType) -> Convert | None:
    """What a list goes through on its way into PostgreSQL."""
    write = find_writer(item, "postgresql")
    if write is None:
        return None
    return lambda values: [None if each is None else write(each) for each in values]


# --- writing --------------------------------------------------------------------------------------------


def _write_enum(value: Any) -> Any:
    return value.value


def _write_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone names no moment; give it one, e.g. tzinfo=UTC")
    return value


def _write_datetime(value: datetime) -> str:
    return _aware(value).astimezone(UTC).isoformat(timespec="microseconds")


def _write_time(value: time) -> str:
    return value.isoformat(timespec="microseconds")


def _write_decimal(unit: int, value: Decimal | int) -> int | float:
    number = value * unit
    if isinstance(number, Decimal) and number.adjusted() > DECIMAL_DIGITS_MAX:
        # As an integer it would have a million digits, for a text of nine letters.
        raise OverflowError("the number is too large")
    whole = int(number)
    # What is finer than the column can be compared with it, but not stored: the table wants integers.
    return whole if whole == number else float(number)


def _write_duration(value: timedelta) -> int:
    return value // MICROSECOND


def _write_float(value: float) -> float:
    if math.isnan(value):
        raise ValueError("SQLite can't store a float that is not a number")
    return value


def _write_text(value: str) -> str:
    # PostgreSQL stores none; what is refused there is not to be found out on the day of the move.
    if "\0" in value:
        raise ValueError("a text has no NUL")
    return value


def _write_bool(value: bool) -> int:
    return 1 if value else 0


def _write_range(value: Range[Any]) -> Any:
    # Imported late: only a site with PostgreSQL has the driver.
    from asyncpg import Range as Span

    return Span(
        value.lower,
        value.upper,
        lower_inc=value.lower_included and value.lower is not None,
        upper_inc=value.upper_included and value.upper is not None,
        empty=value.empty,
    )


_POSTGRESQL_WRITERS: Final[dict[str, Convert]] = {"datetime": _aware, "range": _write_range}
_SQLITE_WRITERS: Final[dict[str, Convert]] = {
    "text": _write_text,
    "bool": _write_bool,
    "float": _write_float,
    "date": date.isoformat,
    "time": _write_time,
    "datetime": _write_datetime,
    "duration": _write_duration,
    "uuid": str,
    "inet": str,
    "json": _write_json,
    "range": _write_json,
}


# --- reading --------------------------------------------------------------------------------------------


def _json_reader(type_: ColumnType) -> Convert:
    decode: Convert = msgspec.json.Decoder(type_.python).decode
    return decode


def _read_decimal(type_: ColumnType) -> Reader:
    places = -type_.decimal_places
    return Reader("{function}({value})", lambda stored: Decimal(stored).scaleb(places))


def _read_duration(stored: int) -> timedelta:
    return timedelta(microseconds=stored)


def _read_inet(type_: ColumnType) -> Reader:
    return Reader("{function}({value})", _inet_function(type_))


def _inet_function(type_: ColumnType) -> Convert:
    if type_.python in INET:
        python: Convert = type_.python
        return python
    return ipaddress.ip_address


def _read_array(type_: ColumnType) -> Reader:
    assert type_.item is not None
    reader = find_reader(type_.item, "sqlite")
    decode = msgspec.json.Decoder(list[Any]).decode
    if reader is None:
        return Reader("{function}({value})", decode)
    if reader.function is None:
        return Reader("[each != 0 for each in {function}({value})]", decode)
    convert = reader.function
    return Reader("{function}({value})", lambda stored: [convert(each) for each in decode(stored)])


def _read_json(type_: ColumnType) -> Reader:
    return Reader("{function}({value})", _json_reader(type_))


def _read_parsed_json(type_: ColumnType) -> Reader | None:
    """The driver has parsed it; what is left is to make it what the field declares."""
    if type_.python in (Any, object, dict[str, Any]):
        return None
    return Reader("{function}({value})", partial(msgspec.convert, type=type_.python, str_keys=True))


def _read_span(stored: Any) -> Range[Any]:
    # PostgreSQL says of an end that is not there that it does not belong to the range.
    lower_included = stored.lower_inc or stored.lower is None
    return Range(stored.lower, stored.upper, lower_included, stored.upper_inc, stored.isempty)


_POSTGRESQL_READERS: Final[dict[str, Callable[[ColumnType], Reader | None]]] = {
    "range": lambda _: Reader("{function}({value})", _read_span),
    # The driver makes interfaces of what has a mask; a subclass of UUID is a UUID already.
    "inet": _read_inet,
    "json": _read_parsed_json,
    "vector": lambda _: Reader("{function}({value})", read_vector),
}
_SQLITE_READERS: Final[dict[str, Callable[[ColumnType], Reader]]] = {
    "bool": lambda _: Reader("({value} != 0)"),
    "date": lambda _: Reader("{function}({value})", date.fromisoformat),
    "time": lambda _: Reader("{function}({value})", time.fromisoformat),
    "datetime": lambda _: Reader("{function}({value})", datetime.fromisoformat),
    "duration": lambda _: Reader("{function}({value})", _read_duration),
    "decimal": _read_decimal,
    "uuid": lambda _: Reader("{function}({value})", UUID),
    "inet": _read_inet,
    "array": _read_array,
    "json": _read_json,
    "range": _read_json,
    "vector": lambda _: Reader("{function}({value})", unpack_vector),
}
