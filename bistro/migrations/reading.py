"""The state that models ask for. No database is needed: what they say is read off their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Any: SQLAlchemy's elements share no useful type.
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.operators import desc_op

from bistro.db.column_types import ColumnType
from bistro.db.lowering.dialects import dialect_of
from bistro.db.lowering.sql_types import NETWORKS, stored_kind
from bistro.db.lowering.tables import table_of
from bistro.db.model import Model
from bistro.db.table import ColumnInfo, TableInfo, with_pairs
from bistro.migrations.schema import (
    Check,
    Column,
    Constraint,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    State,
    Table,
    Unique,
    label_of,
)


def read_models(models: Iterable[type[Model]]) -> State:
    """The state in which these models and the pairs of their relations have their tables."""
    infos = with_pairs(model.__table_info__ for model in models)
    tables = [read_table(info) for info in infos]
    return State({table.label: table for table in tables}, frozenset(_extensions(tables)))


def read_table(info: TableInfo) -> Table:
    """The table of one model."""
    made: sa.Table = table_of(info)
    return Table(
        info.name,
        tuple(_read_column(column) for column in info.columns.values()),
        tuple(sorted(_read_constraints(made), key=_order)),
        tuple(sorted((_read_index(index) for index in made.indexes), key=lambda index: index.name)),
        info.schema,
    )


def _read_column(column: ColumnInfo) -> Column:
    type_ = column.type
    kind: Any = stored_kind(type_)
    return Column(
        column.name,
        kind,
        nullable=column.nullable and not column.is_key,
        default=column.options.db_default or "",
        computed=column.options.computed or "",
        stored=column.options.computed is None or column.options.computed_stored,
        bits=_bits(type_),
        max_length=type_.max_length or 0 if kind == "text" else 0,
        max_digits=type_.max_digits,
        decimal_places=type_.decimal_places,
        item=type_.item.kind if type_.item is not None else "",  # type: ignore[arg-type]  # no enum has items
        network=type_.python in NETWORKS,
        dimensions=type_.dimensions,
    )


def _bits(type_: ColumnType) -> int:
    if type_.kind == "array" and type_.item is not None:
        return _bits(type_.item)
    return type_.bits if stored_kind(type_) == "integer" else 64


def _read_constraints(table: sa.Table) -> Iterator[Constraint]:
    for rule in table.constraints:
        only_in_sqlite = getattr(rule._ddl_if, "dialect", None) == "sqlite"
        # What has words of its own for SQLite follows from the columns, or from its twin for PostgreSQL.
        if not only_in_sqlite:
            yield _read_constraint(rule)


# Any: see above.
def _read_constraint(rule: Any) -> Constraint:
    name, deferrable = str(rule.name), bool(rule.deferrable)
    if isinstance(rule, ExcludeConstraint):
        where = _text(rule.where) if rule.where is not None else ""
        using: Any = rule.using
        parts = tuple((_text(part), operator) for part, _, operator in rule._render_exprs)
        return Exclude(name, parts, using, where, deferrable)
    if isinstance(rule, sa.CheckConstraint):
        return Check(name, _text(rule.sqltext))
    columns = tuple(column.name for column in rule.columns)
    if isinstance(rule, sa.PrimaryKeyConstraint):
        return PrimaryKey(name, columns)
    if isinstance(rule, sa.ForeignKeyConstraint):
        there: Any = rule.referred_table
        target = tuple(element.column.name for element in rule.elements)
        on_delete: Any = (rule.ondelete or "NO ACTION").lower()
        return ForeignKey(
            name, columns, label_of(there.name, there.schema or ""), target, on_delete, deferrable
        )
    distinct = not rule.dialect_options["postgresql"]["nulls_not_distinct"]
    return Unique(name, columns, deferrable, distinct)


def _read_index(index: sa.Index) -> Index:
    options = index.dialect_options["postgresql"]
    where: Any = options["where"]
    including: Any = options["include"] or ()
    ops: Any = options["ops"] or {}
    storage: Any = options["with"] or {}
    return Index(
        str(index.name),
        tuple(_part(each) for each in index.expressions),
        unique=bool(index.unique),
        where=_text(where) if where is not None else "",
        including=tuple(including),
        using=str(options["using"] or ""),
        operator_class=next(iter(dict(ops).values()), ""),
        storage=tuple(dict(storage).items()),
    )


# Any: see above.
def _part(element: Any) -> str:
    if isinstance(element, sa.Column):
        return element.name
    if isinstance(element, sa.UnaryExpression) and element.modifier is desc_op:
        return f"-{_part(element.element)}"
    return _text(element)


# Any: see above.
def _text(element: Any) -> str:
    if isinstance(element, sa.TextClause):
        return element.text
    return str(element.compile(dialect=dialect_of("postgresql"), compile_kwargs={"literal_binds": True}))


def _extensions(tables: Iterable[Table]) -> Iterator[str]:
    """`=` in a GiST index is not PostgreSQL's own, nor are vectors."""
    for table in tables:
        if any(column.kind == "vector" for column in table.columns):
            yield "vector"
        for rule in table.constraints:
            if isinstance(rule, Exclude) and rule.using == "gist" and any(op == "=" for _, op in rule.parts):
                yield "btree_gist"


def _order(rule: Constraint) -> tuple[int, str]:
    return (PrimaryKey, Unique, Check, Exclude, ForeignKey).index(type(rule)), rule.name
