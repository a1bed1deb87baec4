"""Rows as JSON, and back: to move them between databases, and for tests.

Values are those that a migration's models have, so that a file from SQLite fits PostgreSQL. Encrypted
values stay sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_interface, ip_network

# Any: rows hold values of every kind.
from typing import Any, Final

import msgspec

from bistro.db.database import Database
from bistro.db.field_options import AUTO
from bistro.db.ranges import Range
from bistro.db.transactions import transaction
from bistro.ground.text import did_you_mean
from bistro.migrations.errors import MigrationError
from bistro.migrations.historical import HistoricalModels
from bistro.migrations.schema import Column, State, Table
from bistro.migrations.sql.postgresql_place import name_of
from bistro.migrations.sql.types import column_type

BATCH: Final = 500
Rows = dict[str, list[dict[str, Any]]]


async def dump_rows(database: Database, state: State, tables: Iterable[str] = ()) -> Rows:
    """The rows of these tables, by default of all, by their keys; each table behind those that it names."""
    wanted = list(tables) or list(state.tables)
    _check_names(wanted, state)
    models = HistoricalModels(state)
    found: Rows = {}
    for table in in_order(state):
        if table.label in wanted and table.key:
            model = models[table.label]
            order = [getattr(model, name) for name in table.key]
            instances = await model.objects.using(database).order_by(*order).all()
            found[table.label] = [
                {name: getattr(each, name) for name in table.column_names} for each in instances
            ]
    return found


def to_json(rows: Rows) -> bytes:
    """The rows as text, one row on each line, so that a difference can be read."""
    tables = []
    for label, each in rows.items():
        lines = ",\n".join("    " + msgspec.json.encode(row, enc_hook=str).decode() for row in each)
        tables.append(
            f"  {msgspec.json.encode(label).decode()}: [\n{lines}\n  ]" if each else f'  "{label}": []'
        )
    return ("{\n" + ",\n".join(tables) + "\n}\n").encode()


async def load_rows(database: Database, state: State, content: bytes) -> dict[str, int]:
    """Store the rows of a file, or change those with the same key, all or none; how many of each table.

    Raises MigrationError where the file does not fit the tables, naming table and row.
    """
    try:
        given = msgspec.json.decode(content, type=dict[str, list[dict[str, Any]]])
    except msgspec.DecodeError as error:
        raise MigrationError(f"the file is not as `bistro db dump` writes one: {error}") from None
    _check_names(given, state)
    models, counts = HistoricalModels(state), dict[str, int]()
    async with transaction(using=database):
        if database.dialect == "sqlite":
            # Rows that name each other in a circle are there together at the end.
            await database.execute("PRAGMA defer_foreign_keys = ON")
        for table in in_order(state):
            if given.get(table.label):
                model = models[table.label]
                rows = [
                    _instance(model, table, row, number) for number, row in enumerate(given[table.label], 1)
                ]
                key = tuple(getattr(model, name) for name in table.key)
                await model.objects.using(database).bulk_upsert(rows, on=key)
                counts[table.label] = len(rows)
                await _count_on(database, table)
    return counts


def in_order(state: State) -> list[Table]:
    """The tables, each behind those that it refers to where there is no circle."""
    waiting = dict(sorted(state.tables.items()))
    order: list[Table] = []
    while waiting:
        ready = [
            label
            for label, table in waiting.items()
            if not {key.table for key in table.foreign_keys} & waiting.keys() - {label}
        ]
        order += [waiting.pop(label) for label in ready or [next(iter(waiting))]]
    return order


# Any: a model made for the table, and an instance of it.
def _instance(model: Any, table: Table, row: Mapping[str, Any], number: int) -> Any:
    values = {}
    for name, value in row.items():
        column = table.find_column(name)
        if column is None:
            near = did_you_mean(name, table.column_names)
            raise MigrationError(
                f"row {number} of {table.label} has a value for {name}, and the table has no such column",
                fix=f"Did you mean {near}?" if near else "",
            )
        if not column.computed:
            values[name] = _value(value, column, table, number)
    return model(**values)


# Any: see above.
def _value(value: Any, column: Column, table: Table, number: int) -> Any:
    if value is None:
        return None
    if column.kind == "inet":
        return _address(str(value), column, table, number)
    python = column_type(column).python
    if column.kind == "range":
        python = Range[column_type(column).item.python]  # type: ignore[union-attr,misc]  # a range has ends
    try:
        return msgspec.convert(value, python, strict=False, dec_hook=lambda kind, given: kind(given))
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise MigrationError(f"row {number} of {table.label}: {column.name}: {error}") from None


def _address(text: str, column: Column, table: Table, number: int) -> object:
    read = ip_network if column.network else ip_interface if "/" in text else ip_address
    try:
        return read(text)
    except ValueError as error:
        raise MigrationError(f"row {number} of {table.label}: {column.name}: {error}") from None


async def _count_on(database: Database, table: Table) -> None:
    """PostgreSQL's counter does not see numbers that were given; SQLite's does."""
    if database.dialect != "postgresql":
        return
    for column in table.columns:
        if column.kind == "integer" and column.default == AUTO:
            place = name_of(table.label)
            await database.fetch(
                f"SELECT setval(pg_get_serial_sequence($1, $2), max({name_of(column.name)})) FROM {place}",
                (place, column.name),
            )


def _check_names(names: Iterable[str], state: State) -> None:
    for name in names:
        if name not in state.tables:
            near = did_you_mean(name, state.tables)
            raise MigrationError(
                f"no migration makes a table {name}", fix=f"Did you mean {near}?" if near else ""
            )
