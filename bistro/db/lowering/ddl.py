"""The statements that make tables: for tests and first steps, until a site has migrations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Any: SQLAlchemy's DDL elements share no useful type.
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DropTable, sort_tables_and_constraints

from bistro.db.constraints import VECTOR_INDEXES, Exclude
from bistro.db.lowering.dialects import Dialect, dialect_of
from bistro.db.lowering.tables import table_of
from bistro.db.table import TableInfo, with_pairs


def create_statements(infos: Iterable[TableInfo], name: Dialect) -> Iterator[str]:
    """What makes the tables of these models and of their pairs, in an order that works."""
    infos = with_pairs(infos)
    for info in infos if name == "sqlite" else ():
        if any(isinstance(rule, Exclude) for rule in info.constraints):
            raise info.error(
                f"SQLite has no exclusion constraints, but {info.label} has one", "Use PostgreSQL."
            )
    tables = [table_of(info) for info in infos]
    if name == "postgresql" and any(map(_has_vectors, infos)):
        yield "CREATE EXTENSION IF NOT EXISTS vector"
    for table, references in _sorted(tables, name):
        if table is None:
            yield from (_text(AddConstraint(each), name) for each in references)
            continue
        yield _text(CreateTable(table, include_foreign_key_constraints=list(references)), name)
        yield from (
            _text(CreateIndex(index), name)
            for index in sorted(table.indexes, key=lambda each: str(each.name))
            if name == "postgresql" or index.dialect_options["postgresql"]["using"] not in VECTOR_INDEXES
        )


def _has_vectors(info: TableInfo) -> bool:
    return any(column.type.kind == "vector" for column in info.columns.values())


def drop_statements(infos: Iterable[TableInfo], name: Dialect) -> Iterator[str]:
    """What takes the tables away again."""
    tables = [table_of(info) for info in with_pairs(infos)]
    for table, _ in reversed(list(_sorted(tables, name))):
        if table is not None:
            yield _text(DropTable(table, if_exists=True), name) + (" CASCADE" if name == "postgresql" else "")


def _sorted(tables: list[sa.Table], name: Dialect) -> Iterator[tuple[sa.Table | None, Iterable[Any]]]:
    """Each table with the foreign keys that can be made with it; those in a circle come last, with None."""
    pairs: Any = sort_tables_and_constraints(tables)  # type: ignore[no-untyped-call]  # it has no types
    for table, references in pairs:
        # SQLite can't add one later, and does not mind one to a table that is not there yet.
        if name == "sqlite":
            if table is not None:
                yield table, table.foreign_key_constraints
        else:
            yield table, references


def _text(element: Any, name: Dialect) -> str:
    return str(element.compile(dialect=dialect_of(name))).strip()
