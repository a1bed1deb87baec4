"""Models out of a database that is there already: a text to begin with, which its author reads over."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from bistro.db.database import Database
from bistro.migrations.history import TABLE
from bistro.migrations.sql.postgresql_place import name_of
from bistro.migrations.writing import as_text

# The beginning of a type's name in SQL, and the type in Python.
PYTHON: Final = (
    (r"(?:big|small)?int|serial|bigserial", "int"),
    (r"bool", "bool"),
    (r"numeric|decimal", "Decimal"),
    (r"double|float|real", "float"),
    (r"timestamp|datetime", "datetime"),
    (r"date", "date"),
    (r"time", "time"),
    (r"interval", "timedelta"),
    (r"uuid", "UUID"),
    (r"jsonb?", "object"),
    (r"bytea|blob", "bytes"),
    (r"(?:\w+\.)?vector\(\d+\)", "Vector"),
    (r"char|text|varchar|clob|citext", "str"),
)
IMPORTS: Final = {
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
    **dict.fromkeys(
        ("date", "datetime", "time", "timedelta"), "from datetime import date, datetime, time, timedelta"
    ),
}


class FoundColumn(Struct, frozen=True):
    """One column as the database describes it."""

    name: str
    type: str
    nullable: bool
    default: str
    key: bool
    is_number: bool = False


class FoundKey(Struct, frozen=True):
    """A foreign key over one column."""

    column: str
    table: str
    target: str
    on_delete: str


class FoundTable(Struct, frozen=True):
    """One table: its columns, the foreign keys of one column each, and single columns that are unique."""

    name: str
    columns: tuple[FoundColumn, ...]
    keys: tuple[FoundKey, ...]
    unique: frozenset[str]


async def read_tables(database: Database, names: Iterable[str] = ()) -> list[FoundTable]:
    """The tables with these names, by default all of the current schema."""
    read = _read_sqlite if database.dialect == "sqlite" else _read_postgresql
    wanted = set(names)
    return [each for each in await read(database) if not wanted or each.name in wanted]


def write_models(tables: list[FoundTable]) -> str:
    """The text of a module with a model for each table."""
    order = _in_order(tables)
    models = [_model(table, {each.name: each for each in tables}) for table in order]
    used = {word for text in models for word in re.findall(r"\w+", text)}
    imports = sorted({line for name, line in IMPORTS.items() if name in used})
    kinds = [
        name
        for name in ("Field", "ForeignKey", "Model", "Vector", "auto", "field")
        if name in used | {"Model"}
    ]
    head = ["from __future__ import annotations", "", *imports, *([""] if imports else [])]
    head += [f"from bistro.db import {', '.join(kinds)}"]
    return "\n".join(head) + "\n\n\n" + "\n\n\n".join(models) + "\n"


def _model(table: FoundTable, tables: dict[str, FoundTable]) -> str:
    lines = [f"class {class_name(table.name)}(Model, table={as_text(table.name)}):"]
    keys = {key.column: key for key in table.keys if key.table in tables}
    for column in table.columns:
        key = keys.get(column.name)
        is_own = (
            key is not None and column.name == f"{column.name.removesuffix(f'_{key.target}')}_{key.target}"
        )
        # A name is whatever the database lets be one: here it becomes code.
        if key is not None and is_own and not column.key and _is_usable(_relation_name(column, key)):
            lines.append(_relation(column, key, table))
        else:
            lines.append(_field(column, table))
    if not any(column.key for column in table.columns):
        lines.append("    # It has no primary key: say which fields tell its rows apart, primary_key=True.")
    return "\n".join(lines)


def _relation(column: FoundColumn, key: FoundKey, table: FoundTable) -> str:
    name = _relation_name(column, key)
    none = " | None" if column.nullable else ""
    target = class_name(key.table)
    action = f' = field(on_delete="{key.on_delete}")' if key.on_delete != "cascade" else ""
    kind = f'"{target}{none}"' if key.table == table.name else f"{target}{none}"
    return f"    {name}: ForeignKey[{kind}]{action}"


def _relation_name(column: FoundColumn, key: FoundKey) -> str:
    return column.name.removesuffix(f"_{key.target}")


def _field(column: FoundColumn, table: FoundTable) -> str:
    python, options = _python(column)
    name = column.name if _is_usable(column.name) else re.sub(r"\W", "_", f"{column.name}_")
    if name != column.name:
        options.append(f"column={as_text(column.name)}")
    if column.key and column.name != "id":
        options.append("primary_key=True")
    if column.name in table.unique and not column.key:
        options.append("unique=True")
    none = " | None" if column.nullable and not column.key else ""
    if column.is_number:
        given = f" = auto({', '.join(options)})"
    elif column.default:
        shown = ", ".join([repr(column.default), *(each for each in options if not each.startswith("max_"))])
        given = f" = auto({shown})"
    else:
        given = f" = field({', '.join(options)})" if options else ""
    return f"    {name}: Field[{python}{none}]{given}"


def _python(column: FoundColumn) -> tuple[str, list[str]]:
    """The type in Python, and what `field` has to be told of its size."""
    sql = column.type.lower()
    is_list = sql.endswith("[]")
    python = next((python for pattern, python in PYTHON if re.match(pattern, sql)), "str")
    sizes = [int(each) for each in re.findall(r"\d+", sql.partition("(")[2])]
    options = []
    if python == "str" and sizes:
        options.append(f"max_length={sizes[0]}")
    elif python == "Decimal":
        digits, places = (*sizes, 0, 0)[:2] if sizes else (18, 6)
        options += [f"max_digits={min(digits, 18)}", f"decimal_places={places}"]
    elif python == "Vector":
        options.append(f"dimensions={sizes[0]}")
    elif python == "int" and sql.startswith(("smallint", "int2")):
        options.append("bits=16")
    elif python == "int" and sql in ("integer", "int4") and not column.is_number:
        options.append("bits=32")
    return (f"list[{python}]" if is_list else python), options


def class_name(table: str) -> str:
    """The name of a class for a table: `order_line` gives `OrderLine`."""
    words = [word.capitalize() for word in re.split(r"\W|_", table) if word]
    name = "".join(words) or "Table"
    return name if name[0].isalpha() and not keyword.iskeyword(name) else f"T{name}"


def _is_usable(name: str) -> bool:
    return (
        name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name != "objects"
    )


def _in_order(tables: list[FoundTable]) -> list[FoundTable]:
    """Each behind those that it names, so that the names are there when the module is read."""
    waiting = {table.name: table for table in sorted(tables, key=lambda each: each.name)}
    order: list[FoundTable] = []
    while waiting:
        ready = [
            name
            for name, table in waiting.items()
            if not {key.table for key in table.keys} & waiting.keys() - {name}
        ]
        order += [waiting.pop(name) for name in ready or [next(iter(waiting))]]
    return order


async def _read_sqlite(database: Database) -> list[FoundTable]:
    rows = await database.fetch(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' "
        "AND name NOT LIKE 'sqlite_%'"
    )
    return [await _read_sqlite_table(database, str(row[0])) for row in rows if row[0] != TABLE]


async def _read_sqlite_table(database: Database, name: str) -> FoundTable:
    rows = await database.fetch(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (name,)
    )
    key_count = sum(1 for row in rows if row[4])
    columns = tuple(
        FoundColumn(
            row[0],
            row[1] or "text",
            not row[2] and not row[4],
            row[3] or "",
            bool(row[4]),
            is_number=bool(row[4]) and key_count == 1 and row[1].upper() == "INTEGER",
        )
        for row in rows
        if not row[5]
    )
    references = await database.fetch(
        'SELECT id, "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)', (name,)
    )
    ids = [row[0] for row in references]
    keys = tuple(
        FoundKey(row[1], row[2], row[3] or "id", row[4].lower())
        for row in references
        if ids.count(row[0]) == 1
    )
    unique = await database.fetch(
        'SELECT min(i.name) FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i WHERE l."unique" '
        "AND l.partial = 0 GROUP BY l.name HAVING count(*) = 1",
        (name,),
    )
    return FoundTable(name, columns, keys, frozenset(row[0] for row in unique))


_COLUMNS: Final = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
    coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
    EXISTS (SELECT FROM pg_index i
      WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)),
    a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%'
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  ORDER BY a.attnum
"""
_KEYS: Final = """
SELECT a.attname, c.relname, b.attname, k.confdeltype::text
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
  WHERE k.conrelid = $1::regclass AND k.contype = 'f' AND cardinality(k.conkey) = 1
"""
_UNIQUE: Final = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL
"""
_ACTIONS: Final = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


async def _read_postgresql(database: Database) -> list[FoundTable]:
    rows = await database.fetch(
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1"
    )
    return [await _read_postgresql_table(database, str(row[0])) for row in rows if row[0] != TABLE]


async def _read_postgresql_table(database: Database, name: str) -> FoundTable:
    place = (name_of(name) if "." not in name else f'"{name}"',)
    columns = tuple(_column(tuple(row)) for row in await database.fetch(_COLUMNS, place))
    keys = tuple(
        FoundKey(row[0], row[1], row[2], _ACTIONS[row[3]]) for row in await database.fetch(_KEYS, place)
    )
    unique = frozenset(str(row[0]) for row in await database.fetch(_UNIQUE, place))
    return FoundTable(name, columns, keys, unique)


def _column(row: tuple[str, str, bool, str, bool, bool]) -> FoundColumn:
    name, type_, nullable, default, key, is_number = row
    return FoundColumn(name, type_, nullable, "" if is_number else default, key, is_number)
