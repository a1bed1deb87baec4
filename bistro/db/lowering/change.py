"""UPDATE, DELETE and INSERT: from the steps of a query, or the columns that are given, to one statement."""

from __future__ import annotations

# Any: SQLAlchemy's elements share no useful type.
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bistro.db.column_types import DATETIME
from bistro.db.hydrate import ModelItem, ValueItem
from bistro.db.lowering.defaults import Automatic
from bistro.db.lowering.dialects import Dialect
from bistro.db.lowering.expressions import lower
from bistro.db.lowering.parameters import Parameters
from bistro.db.lowering.select import Lowering
from bistro.db.lowering.tables import table_of
from bistro.db.lowering.values import list_parameter
from bistro.db.model_errors import QueryError
from bistro.db.recipe import Recipe
from bistro.db.table import ColumnInfo, TableInfo


def update_of(info: TableInfo, steps: list[Any], update: Any, parameters: Parameters) -> Any:
    """UPDATE of the rows that the steps describe."""
    lowering = Lowering(info, parameters)
    lowering.read(steps)
    table = table_of(info)
    values = {}
    for column, key in update[1]:
        values[table.c[column.name]] = lower(lowering.context, key, column.type).sql
    given = {column for column, _ in update[1]}
    for column in info.columns.values():
        if column.options.on_update and column not in given:
            values[table.c[column.name]] = Automatic(DATETIME.kind)
    return table.update().values(values).where(*_rows(lowering, "update"))


def delete_of(info: TableInfo, steps: list[Any], parameters: Parameters) -> Any:
    """DELETE of the rows that the steps describe."""
    lowering = Lowering(info, parameters)
    lowering.read(steps)
    return table_of(info).delete().where(*_rows(lowering, "delete"))


def _rows(lowering: Lowering, verb: str) -> list[Any]:
    """The conditions for the rows; where they need more than the table, a subquery for their keys."""
    parts, scope = lowering.parts, lowering.scope
    if parts.items or parts.groups or parts.compounds:
        raise QueryError(
            f"{verb}() after select(), group_by() or a union", fix="Describe the rows by filter()."
        )
    table = table_of(scope.info)
    plain = scope.source is table and parts.limit is None and parts.offset is None
    if plain:
        return list(parts.where)
    keys = [table.c[key.name] for key in scope.info.key]
    parts.items = [ValueItem(key.type) for key in scope.info.key]
    parts.selected = [scope.table.c[key.name] for key in scope.info.key]
    found = lowering.selection().statement
    return [(keys[0] if len(keys) == 1 else sa.tuple_(*keys)).in_(found)]


def compile_insert(
    info: TableInfo, names: tuple[str, ...], returned: tuple[str, ...], dialect: Dialect
) -> Recipe:
    """INSERT of one row with values for `names`; its one row are the values of `returned`."""
    parameters = Parameters(dialect)
    statement = _insert(info, names, parameters)
    if returned:
        statement = statement.returning(*_columns(info, returned))
    items = tuple(ValueItem(info.columns[name].type) for name in returned)
    return Recipe(*parameters.compile(statement), items)


def compile_upsert(
    info: TableInfo, names: tuple[str, ...], on: tuple[str, ...], changed: tuple[str, ...], dialect: Dialect
) -> Recipe:
    """INSERT, or UPDATE of `changed` where a row with the same `on` is there; gives the whole row."""
    parameters = Parameters(dialect)
    table = table_of(info)
    values = {table.c[info.columns[name].name]: parameters.next(info.columns[name].type) for name in names}
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table).values(values)
    # Even if nothing is to change something is set: only then the row that was there is returned.
    fields = changed or on[:1]
    new: dict[Any, Any] = {
        column.name: statement.excluded[column.name] for column in (info.columns[name] for name in fields)
    }
    for column in info.columns.values():
        if column.options.on_update and column.field not in fields and changed:
            new[column.name] = Automatic(DATETIME.kind)
    statement = statement.on_conflict_do_update(index_elements=_columns(info, on), set_=new)
    compiled = parameters.compile(statement.returning(*table.c))
    return Recipe(*compiled, (ModelItem(info),), is_single=True)


def compile_bulk(info: TableInfo, names: tuple[str, ...], returned: tuple[str, ...]) -> Recipe:
    """INSERT of any number of rows in PostgreSQL: one array for each column, so that one plan fits all."""
    parameters = Parameters("postgresql")
    table = table_of(info)
    columns = [info.columns[name].name for name in names]
    rows = _rows_of_arrays(info, names, parameters)
    source = sa.select(*(rows.c[column] for column in columns)).order_by(rows.c.row_number)
    statement: Any = table.insert().from_select(columns, source)
    if returned:
        statement = statement.returning(*_columns(info, returned))
    items = tuple(ValueItem(info.columns[name].type) for name in returned)
    return Recipe(*parameters.compile(statement), items)


def compile_bulk_update(info: TableInfo, names: tuple[str, ...]) -> Recipe:
    """UPDATE of any number of rows in PostgreSQL: one array for each of their keys and new values."""
    parameters = Parameters("postgresql")
    table = table_of(info)
    rows = _rows_of_arrays(info, names, parameters)
    columns = [info.columns[name] for name in names]
    values: dict[Any, Any] = {table.c[each.name]: rows.c[each.name] for each in columns if not each.is_key}
    for column in info.columns.values():
        if column.options.on_update and column.field not in names:
            values[table.c[column.name]] = Automatic(DATETIME.kind)
    keys = [table.c[each.name] == rows.c[each.name] for each in columns if each.is_key]
    return Recipe(*parameters.compile(table.update().values(values).where(*keys)))


def compile_pairs(pairs: TableInfo, dialect: Dialect) -> Recipe:
    """INSERT of one row of a ManyToMany's table, unless it is there."""
    parameters = Parameters(dialect)
    table = table_of(pairs)
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    values = {
        column.name: parameters.next(column.type) for column in pairs.columns.values() if column.relation
    }
    return Recipe(*parameters.compile(insert(table).values(values).on_conflict_do_nothing()))


def compile_unpair(pairs: TableInfo, columns: tuple[ColumnInfo, ...], dialect: Dialect) -> Recipe:
    """DELETE of rows of a ManyToMany's table by the values of `columns`."""
    parameters = Parameters(dialect)
    table = table_of(pairs)
    conditions = [table.c[column.name] == parameters.next(column.type) for column in columns]
    return Recipe(*parameters.compile(table.delete().where(*conditions)))


def _insert(info: TableInfo, names: tuple[str, ...], parameters: Parameters) -> Any:
    table = table_of(info)
    if not names:
        # A row that the database fills by itself.
        return table.insert().values([]).inline()
    columns = [info.columns[name] for name in names]
    return table.insert().values({table.c[column.name]: parameters.next(column.type) for column in columns})


def _rows_of_arrays(info: TableInfo, names: tuple[str, ...], parameters: Parameters) -> Any:
    """The rows of as many arrays as there are names, numbered."""
    arrays = [list_parameter(info.columns[name].type, parameters) for name in names]
    columns = [info.columns[name].name for name in names]
    rows = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="row_number")
    return rows.render_derived(name="rows")


def _columns(info: TableInfo, names: tuple[str, ...]) -> list[Any]:
    table = table_of(info)
    return [table.c[info.columns[name].name] for name in names]
