"""What tables a database really has, as plain data that can be compared.

How it works. Nobody can read PostgreSQL's own form of a condition back into the form that a model
has. So what a state asks for is made in an empty place (a schema that is rolled back, a database in
memory), and both are described by the same questions.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from bistro.db.database import Database
from bistro.db.drivers.protocol import Connection, Dialect
from bistro.db.transactions import transaction
from bistro.migrations.history import TABLE
from bistro.migrations.schema import State
from bistro.migrations.sql.links import link_in_postgresql, link_in_sqlite
from bistro.migrations.sql.tables import compiled, make_table

Facts = dict[str, str]
"""What is there by its name, such as "column note.title" or "index ix_note_day", in the database's words."""
PLACE: Final = "bistro_compare"
_POSTGRESQL: Final = """
SELECT 'table ' || c.relname, '' FROM pg_class c
  WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE WHEN a.attidentity <> '' THEN ' IDENTITY' ELSE '' END
    || CASE WHEN a.attgenerated <> '' THEN ' GENERATED ' ELSE ' ' END
    || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'constraint ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  WHERE c.relnamespace = $1::regnamespace AND k.contype <> 'n'
UNION ALL
SELECT 'index ' || i.relname, pg_get_indexdef(i.oid) || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  WHERE i.relnamespace = $1::regnamespace
UNION ALL
SELECT 'link ' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal AND t.tgname LIKE 'bistro\\_link\\_%'
"""
_SQLITE: Final = (
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND (type IN ('table', 'index') "
    "OR name LIKE 'bistro_link_%')"
)


async def describe(connection: Connection, dialect: Dialect, schema: str = "") -> Facts:
    """All tables of a schema, by default the current one."""
    if dialect == "sqlite":
        return _describe_sqlite(
            [(str(row[0]), str(row[1]), str(row[2])) for row in await connection.fetch(_SQLITE)]
        )
    name = schema or str((await connection.fetch("SELECT current_schema()"))[0][0])
    rows = await connection.fetch(_POSTGRESQL, (name,))
    prefix = re.compile(rf'\b{re.escape(name)}\.|"{re.escape(name)}"\.')
    facts = {str(row[0]): prefix.sub("", str(row[1])) for row in rows}
    return {what: words for what, words in facts.items() if TABLE not in what}


def _describe_sqlite(rows: Iterable[tuple[str, str, str]]) -> Facts:
    facts: Facts = {}
    for kind, name, sql in rows:
        if name == TABLE or name.startswith("sqlite_"):
            continue
        if kind in ("index", "trigger"):
            facts[f"{'index' if kind == 'index' else 'link'} {name}"] = " ".join(sql.split())
        else:
            facts |= _parts_of_table(name, sql)
    return facts


def _parts_of_table(name: str, sql: str) -> Facts:
    """The lines between the outer parentheses: columns and constraints."""
    body, _, options = sql.partition("(")[2].rpartition(")")
    facts = {f"table {name}": " ".join(options.split())}
    for line in _split(body):
        words = " ".join(line.split())
        is_rule = words.upper().startswith("CONSTRAINT ")
        own = words.split(" ", 2)[1 if is_rule else 0].strip('"')
        facts[f"{'constraint' if is_rule else 'column'} {name}.{own}"] = words
    return facts


def _split(text: str) -> list[str]:
    """The parts between commas that are in no parentheses and no literal."""
    parts, depth, quote, part = [], 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        if letter == "," and depth == 0 and not quote:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [each for each in (*parts, part) if each.strip()]


def create_statements(state: State, dialect: Dialect) -> list[str]:
    """What makes all tables of a state, in an order that works."""
    statements = []
    tables = {label: make_table(table, dialect) for label, table in state.tables.items()}
    late = []
    made = set[str]()
    for label, table in tables.items():
        keys = list(table.foreign_key_constraints)
        if dialect == "postgresql":
            now = [key for key in keys if _target(key) in made | {label}]
            late += [key for key in keys if key not in now]
            keys = now
        statements.append(compiled(CreateTable(table, include_foreign_key_constraints=keys), dialect))
        statements += [
            compiled(CreateIndex(index), dialect)
            for index in sorted(table.indexes, key=lambda each: str(each.name))
        ]
        made.add(label)
    statements += [compiled(AddConstraint(key), dialect) for key in late]
    make_link = link_in_sqlite if dialect == "sqlite" else link_in_postgresql
    return statements + [
        sql for table in state.tables.values() for link in table.links for sql in make_link(table, link)
    ]


# SQLAlchemy's own attribute, whose type is generic in what is not of interest here.
def _target(key: object) -> str:
    column: str = key.elements[0].target_fullname  # type: ignore[attr-defined]  # see above
    return column.rpartition(".")[0]


async def describe_state(state: State, database: Database) -> Facts:
    """The tables that a state asks for, as this kind of database would describe them.

    Those in a schema of their own are left out: they would be made where the real ones are.
    """
    state = State({label: table for label, table in state.tables.items() if not table.schema})
    statements = create_statements(state, database.dialect)
    if database.dialect == "sqlite":
        async with Database("sqlite://") as empty:
            for statement in statements:
                await empty.execute(statement)
            return await describe(empty, "sqlite")
    async with _passing_schema(database):
        for statement in statements:
            await database.execute(statement)
        return await describe(database, "postgresql", PLACE)


class _RollBack(Exception):
    """Ends the transaction of a passing schema."""


@asynccontextmanager
async def _passing_schema(database: Database) -> AsyncIterator[None]:
    """A schema that nobody else sees, in front of the search path; it is gone afterwards."""
    try:
        async with transaction(using=database):
            await database.execute(f"CREATE SCHEMA {PLACE}")
            await database.execute(
                "SELECT set_config('search_path', $1 || ', ' || current_setting('search_path'), true)",
                (PLACE,),
            )
            yield
            raise _RollBack
    except _RollBack:
        pass


def find_drift(expected: Facts, real: Facts) -> Sequence[str]:
    """What is otherwise in the database, one line for each."""
    lines = [f"missing: {what}" for what in expected if what not in real]
    lines += [f"not in the migrations: {what}" for what in real if what not in expected]
    lines += [
        f"differs: {what}: {real[what]}, expected {words}"
        for what, words in expected.items()
        if what in real and real[what] != words
    ]
    return sorted(lines)
