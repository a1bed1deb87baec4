"""The SQLAlchemy tables of a state, so that what a migration makes is what models make."""

from __future__ import annotations

from collections.abc import Iterator

# Any: SQLAlchemy's arguments for a table are of many kinds.
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from bistro.db.constraints import VECTOR_INDEXES
from bistro.db.field_options import AUTO
from bistro.db.lowering.defaults import Automatic
from bistro.db.lowering.dialects import Dialect, dialect_of
from bistro.db.lowering.sql_types import sql_type
from bistro.db.lowering.tables import name_of, size_in_sqlite
from bistro.migrations.schema import (
    Check,
    Column,
    Constraint,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    Unique,
)
from bistro.migrations.sql.types import column_type


def make_table(table: Table, dialect: Dialect, *, name: str = "") -> sa.Table:
    """The table for one database; with `name`, under another name but with its own rules' names."""
    metadata = sa.MetaData()
    parts: list[Any] = [make_column(column, table) for column in table.columns]
    own = f"{table.schema}.{name or table.name}" if table.schema else name or table.name
    for rule in table.constraints:
        if isinstance(rule, ForeignKey) and rule.table != own:
            _add_stub(rule, metadata)
        made = make_constraint(rule, dialect)
        parts += [made] if made is not None else []
    if dialect == "sqlite":
        parts += _sizes(table)
    made_table = sa.Table(
        name or table.name,
        metadata,
        *parts,
        schema=table.schema or None,
        sqlite_autoincrement=is_numbered(table),
        sqlite_strict=True,
    )
    for index in table.indexes:
        if has_index(index, dialect):
            make_index(index, made_table)
    return made_table


def is_numbered(table: Table) -> bool:
    """Whether SQLite keeps the highest number that was ever given."""
    if len(table.key) != 1:
        return False
    column = table.get_column(table.key[0])
    return column.kind == "integer" and column.default == AUTO


def make_column(column: Column, table: Table) -> sa.Column[Any]:
    """A column; whether it is in the key is of importance for its numbers."""
    return sa.Column(
        column.name,
        sql_type(column_type(column)),
        *_default(column),
        primary_key=column.name in table.key,
        autoincrement=False if column.default != AUTO else "auto",
        nullable=column.nullable,
    )


def _default(column: Column) -> Iterator[Any]:
    if column.computed:
        yield sa.Computed(sa.text(column.computed), persisted=column.stored)
    elif column.default == AUTO and column.kind == "integer":
        yield sa.Identity()
    elif column.default:
        made = Automatic(column.kind) if column.default == AUTO else sa.text(f"({column.default})")
        yield sa.DefaultClause(made)


# Any: SQLAlchemy's constraints differ in what they take.
def make_constraint(rule: Constraint, dialect: Dialect, *, not_valid: bool = False) -> Any:
    """A constraint; None where the database has no such. `not_valid`: for new rows only."""
    later: dict[str, Any] = (
        {"deferrable": True, "initially": "DEFERRED"} if _is_deferred(rule, dialect) else {}
    )
    valid: dict[str, Any] = {"postgresql_not_valid": True} if not_valid else {}
    match rule:
        case PrimaryKey(name, columns):
            return sa.PrimaryKeyConstraint(*columns, name=name)
        case Unique(name, columns):
            nulls: dict[str, Any] = {} if rule.nulls_distinct else {"postgresql_nulls_not_distinct": True}
            return sa.UniqueConstraint(*columns, name=name, **later, **nulls)
        case Check(name, condition):
            return sa.CheckConstraint(sa.text(condition), name=name, **valid)
        case Exclude() if dialect == "postgresql":
            parts: list[Any] = [(sa.text(part), operator) for part, operator in rule.parts]
            where: Any = sa.text(rule.where) if rule.where else None
            return ExcludeConstraint(*parts, name=rule.name, using=rule.using, where=where, **later)
        case ForeignKey(name, columns, table, target):
            return sa.ForeignKeyConstraint(
                columns,
                [f"{table}.{each}" for each in target],
                name=name,
                ondelete=None if rule.on_delete == "no action" else rule.on_delete.upper(),
                **later,
                **valid,
            )
    return None


def has_index(index: Index, dialect: Dialect) -> bool:
    """Whether the database has this kind of index, or does without."""
    return dialect == "postgresql" or index.using not in VECTOR_INDEXES


def make_index(index: Index, table: sa.Table, *, concurrently: bool = False) -> sa.Index:
    """An index, added to its table."""
    options: dict[str, Any] = {"postgresql_concurrently": True} if concurrently else {}
    if index.where:
        options |= {"postgresql_where": sa.text(index.where), "sqlite_where": sa.text(index.where)}
    if index.including:
        options["postgresql_include"] = list(index.including)
    if index.using:
        options["postgresql_using"] = index.using
    if index.operator_class:
        options["postgresql_ops"] = {each: index.operator_class for each in index.parts if each in table.c}
    if index.storage:
        options["postgresql_with"] = dict(index.storage)
    parts = [_element(part, table) for part in index.parts]
    made = sa.Index(index.name, *parts, unique=index.unique, _table=table, **options)
    table.append_constraint(made)
    return made


def compiled(element: Any, dialect: Dialect) -> str:
    """A statement as text."""
    return str(element.compile(dialect=dialect_of(dialect))).strip()


def _is_deferred(rule: Constraint, dialect: Dialect) -> bool:
    # SQLite checks a unique rule at once, always.
    return getattr(rule, "deferrable", False) and (dialect == "postgresql" or isinstance(rule, ForeignKey))


def _add_stub(rule: ForeignKey, metadata: sa.MetaData) -> None:
    """As much of the other table as a reference to it needs."""
    schema, _, name = rule.table.rpartition(".")
    sa.Table(
        name,
        metadata,
        *(sa.Column(each, sa.Integer) for each in rule.target),
        schema=schema or None,
        extend_existing=True,
    )


def _sizes(table: Table) -> Iterator[sa.CheckConstraint]:
    for column in table.columns:
        condition = size_in_sqlite(column.name, column_type(column))
        if condition:
            yield sa.CheckConstraint(condition, name=name_of("ck", table.name, column.name, "size"))


def _element(part: str, table: sa.Table) -> Any:
    name = part.removeprefix("-")
    if name not in table.c:
        return sa.text(part)
    return table.c[name].desc() if part.startswith("-") else table.c[name]
