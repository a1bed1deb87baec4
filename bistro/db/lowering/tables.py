"""The SQLAlchemy `Table` of a model: for the lowering of queries, for DDL, and for your own statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

# Any: SQLAlchemy's arguments for a table are of many kinds.
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from bistro.db.column_types import ColumnType
from bistro.db.constraints import Check, Constraint, Exclude, Index, Unique
from bistro.db.field_options import AUTO
from bistro.db.lowering.defaults import Automatic
from bistro.db.lowering.sql_types import quoted, quoted_name, sql_type
from bistro.db.table import ColumnInfo, RelationInfo, TableInfo
from bistro.db.vectors import NUMBER_BYTES

NAME_LENGTH_MAX: Final = 63
"""PostgreSQL cuts longer names, after which two could be the same."""


def table_of(info: TableInfo) -> Any:
    """The `Table` of a model; those that it refers to come with it, in one `MetaData`."""
    if info.sql is None:
        wanted = list(_closure([info]))
        made = next((each.sql.metadata for each in wanted if each.sql is not None), None)
        metadata = made if made is not None else sa.MetaData()
        for each in wanted:
            if each.sql is None:
                each.sql = _make_table(each, metadata)
    return info.sql


def _closure(infos: Iterable[TableInfo]) -> Iterator[TableInfo]:
    """Every table that can be reached by foreign keys."""
    seen: set[TableInfo] = set()
    waiting = list(infos)
    while waiting:
        info = waiting.pop()
        if info not in seen:
            seen.add(info)
            yield info
            waiting.extend(each.target for each in info.relations.values() if each.is_forward)


def _make_table(info: TableInfo, metadata: sa.MetaData) -> sa.Table:
    columns = [_make_column(column) for column in info.columns.values()]
    parts: list[Any] = [
        *columns,
        sa.PrimaryKeyConstraint(*(column.name for column in info.key), name=name_of("pk", info.name)),
        *(part for relation in info.relations.values() for part in _references(relation, metadata)),
        *(part for column in info.columns.values() for part in _rules_of_column(column)),
        *(part for rule in info.constraints for part in _rule(rule, info)),
    ]
    # Numbers of deleted rows are not given again: an old link must not lead to a new row.
    numbered = len(info.key) == 1 and info.key[0].options.db_default == AUTO
    table = sa.Table(
        info.name,
        metadata,
        *parts,
        schema=info.schema or None,
        sqlite_autoincrement=numbered and info.key[0].type.kind == "integer",
        sqlite_strict=True,
    )
    for index in (*_indexes_of_columns(info), *info.indexes):
        _add_index(index, info, table)
    return table


def _make_column(column: ColumnInfo) -> sa.Column[Any]:
    return sa.Column(
        column.name,
        sql_type(column.type),
        *_default(column),
        primary_key=column.is_key,
        autoincrement=False if column.options.db_default != AUTO else "auto",
        nullable=column.nullable and not column.is_key,
        unique=None,
    )


def _default(column: ColumnInfo) -> Iterator[Any]:
    options = column.options
    if options.computed is not None:
        yield sa.Computed(sa.text(options.computed), persisted=options.computed_stored)
    elif options.db_default == AUTO and column.type.kind == "integer":
        yield sa.Identity()
    elif options.db_default is not None:
        made = (
            Automatic(column.type.kind) if options.db_default == AUTO else sa.text(f"({options.db_default})")
        )
        yield sa.DefaultClause(made)


def _references(relation: RelationInfo, metadata: sa.MetaData) -> Iterator[sa.ForeignKeyConstraint]:
    if not relation.is_forward:
        return
    options: Any = relation.options
    there = relation.target
    other: Any = there.sql
    names = [
        f"{there.schema + '.' if there.schema else ''}{there.name}.{column.name}" for column in there.key
    ]
    yield sa.ForeignKeyConstraint(
        [column.name for column in relation.columns],
        names if other is None or other.metadata is metadata else [other.c[each.name] for each in there.key],
        name=name_of("fk", relation.table.name, *(column.name for column in relation.columns)),
        ondelete=None if options.on_delete == "no action" else options.on_delete.upper(),
        deferrable=options.deferrable or None,
        initially="DEFERRED" if options.deferrable else None,
    )


def _rules_of_column(column: ColumnInfo) -> Iterator[Any]:
    info, name, type_ = column.table, column.name, column.type
    if _is_unique(column):
        yield sa.UniqueConstraint(name, name=name_of("uq", info.name, name))
    if type_.choices:
        choices = sa.column(name).in_([sa.literal_column(quoted(value)) for value in type_.choices])
        yield sa.CheckConstraint(choices, name=name_of("ck", info.name, name))
    size = size_in_sqlite(name, type_)
    if size:
        check = sa.CheckConstraint(size, name=name_of("ck", info.name, name, "size"))
        yield check.ddl_if(dialect="sqlite")


def size_in_sqlite(column: str, type_: ColumnType) -> str:
    """The condition for what PostgreSQL has in a column's type: a length, a number of digits or of bits."""
    name = quoted_name(column)
    if type_.kind == "text" and type_.max_length is not None:
        return f"length({name}) <= {type_.max_length}"
    if type_.kind == "decimal":
        return f"abs({name}) < {10**type_.max_digits}"
    if type_.kind == "integer" and type_.bits < 64:
        return f"{name} BETWEEN {-(2 ** (type_.bits - 1))} AND {2 ** (type_.bits - 1) - 1}"
    if type_.kind == "vector":
        return f"length({name}) = {type_.dimensions * NUMBER_BYTES}"
    return ""


def _is_unique(column: ColumnInfo) -> bool:
    relation = column.relation
    one_to_one = relation is not None and relation.kind == "one_to_one"
    alone = relation is None or len(relation.columns) == 1
    return (
        (column.options.unique or one_to_one) and alone and not (column.is_key and len(column.table.key) == 1)
    )


def _rule(rule: Constraint, info: TableInfo) -> Iterator[Any]:
    if isinstance(rule, Check):
        name = rule.name or name_of("ck", info.name, hashlib.sha256(rule.condition.encode()).hexdigest()[:8])
        yield sa.CheckConstraint(rule.condition, name=name)
    elif isinstance(rule, Exclude):
        parts: list[Any] = [(_element(part, info), operator) for part, operator in rule.parts]
        yield ExcludeConstraint(
            *parts,
            name=rule.name or name_of("ex", info.name, *(part for part, _ in rule.parts)),
            using=rule.using,
            where=sa.text(rule.where) if rule.where else None,
            deferrable=rule.deferrable or None,
            initially="DEFERRED" if rule.deferrable else None,
        ).ddl_if(dialect="postgresql")
    elif not rule.where:
        yield from _unique(rule, info)


def _unique(rule: Unique, info: TableInfo) -> Iterator[Any]:
    names = [column.name for column in _columns(rule.fields, info)]
    name = rule.name or name_of("uq", info.name, *names)
    deferred: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if rule.deferrable else {}
    if not rule.nulls_distinct:
        deferred["postgresql_nulls_not_distinct"] = True
    if not rule.deferrable:
        yield sa.UniqueConstraint(*names, name=name, **deferred)
        return
    # SQLite checks a unique rule at once, always.
    yield sa.UniqueConstraint(*names, name=name, **deferred).ddl_if(dialect="postgresql")
    yield sa.UniqueConstraint(*names, name=name).ddl_if(dialect="sqlite")


def _indexes_of_columns(info: TableInfo) -> Iterator[Index]:
    """One for each field that says so and each foreign key; partial unique rules are indexes as well."""
    leading = {info.key[0]} if info.key else set()
    for column in info.columns.values():
        reference = column.relation is not None and column.relation.columns[0] is column
        if (column.options.index or reference) and column not in leading and not _is_unique(column):
            names = [each.field for each in column.relation.columns] if column.relation else [column.field]
            yield Index(tuple(names))
    for rule in info.constraints:
        if isinstance(rule, Unique) and rule.where:
            yield Index(rule.fields, name=rule.name, unique=True, where=rule.where)


def _add_index(index: Index, info: TableInfo, table: sa.Table) -> None:
    fields = [each for part in index.fields for each in _expand(part, info)]
    parts = [_element(part, info, table) for part in fields]
    words = [part.lstrip("-") if part.lstrip("-") in info.columns else _short(part) for part in fields]
    options: dict[str, Any] = {}
    if index.where:
        options |= {"postgresql_where": sa.text(index.where), "sqlite_where": sa.text(index.where)}
    if index.including:
        options["postgresql_include"] = [column.name for column in _columns(index.including, info)]
    if index.using:
        options["postgresql_using"] = index.using
    if index.operator_class:
        options["postgresql_ops"] = {
            info.columns[each].name: index.operator_class for each in fields if each in info.columns
        }
    if index.storage:
        options["postgresql_with"] = dict(index.storage)
    name = index.name or name_of(
        "uq" if index.unique else "ix", info.name, *words, *filter(None, [_short(index.where)])
    )
    table.append_constraint(sa.Index(name, *parts, unique=index.unique, _table=table, **options))


def _expand(part: str, info: TableInfo) -> list[str]:
    """The columns of a relation that stands for them."""
    return [column.field for column in info.relations[part].columns] if part in info.relations else [part]


def _element(part: str, info: TableInfo, table: sa.Table | None = None) -> Any:
    """A field, one in descending order, or an expression in SQL."""
    name = part.removeprefix("-")
    if name not in info.columns:
        return sa.text(part)
    column = info.columns[name]
    element: Any = table.c[column.name] if table is not None else sa.column(column.name)
    return element.desc() if part.startswith("-") else element


def _columns(fields: Iterable[str], info: TableInfo) -> list[ColumnInfo]:
    found = []
    for field in fields:
        if field in info.columns:
            found.append(info.columns[field])
        elif field in info.relations and info.relations[field].is_forward:
            found.extend(info.relations[field].columns)
        else:
            raise info.error(
                f"a rule of {info.label} is about {field!r}, which it does not have", "Name its fields."
            )
    return found


def name_of(kind: str, table: str, *parts: str) -> str:
    """The name of a constraint or index of a table, as both databases keep it."""
    name = "_".join((kind, table, *parts))
    return name if len(name) <= NAME_LENGTH_MAX else f"{name[: NAME_LENGTH_MAX - 9]}_{_short(name)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8] if text else ""
