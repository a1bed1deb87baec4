"""Operations in PostgreSQL, each so that others can go on reading and writing meanwhile.

How it works. Most changes of a table lock it for a moment only; those that read or write all of it
are taken apart. An index is built CONCURRENTLY, which can't be in a transaction. A condition or a
foreign key is added NOT VALID, which only binds new rows, and validated in a transaction of its own,
under a lock that lets others write. NOT NULL follows from a validated condition. Values are filled
in batches. https://www.postgresql.org/docs/current/sql-altertable.html (Notes) and
https://www.postgresql.org/docs/current/explicit-locking.html say which lock each one takes.

A table that this very migration makes is nobody else's yet, so there it is all done at once; and so
it is with `plain=True`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alembic.ddl import base as ddl
from msgspec.structs import replace
from sqlalchemy.schema import CreateIndex, CreateTable

from bistro.db.lowering.sql_types import quoted_name
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import (
    AddColumn,
    ChangeColumn,
    DropColumn,
    RenameColumn,
    is_computed,
)
from bistro.migrations.operations.custom import Fill, RunPython, RunSQL
from bistro.migrations.operations.links import LinkColumns, UnlinkColumns
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.operations.tables import CreateExtension, DropTable, RenameTable
from bistro.migrations.operations.tables import CreateTable as CreateTableOperation
from bistro.migrations.schema import State, Table
from bistro.migrations.sql.links import link_in_postgresql, unlink_in_postgresql
from bistro.migrations.sql.postgresql_columns import add_column, change_column
from bistro.migrations.sql.postgresql_place import Place, bare, name_of, schema_of
from bistro.migrations.sql.postgresql_rules import add_rule, drop_rule, rename_rule
from bistro.migrations.sql.steps import Lock, Step
from bistro.migrations.sql.tables import compiled, make_table


def postgresql_steps(operations: Sequence[Operation], before: State, *, plain: bool = False) -> list[Step]:
    """The steps of a migration."""
    steps: list[Step] = []
    state, new = before, frozenset[str]()
    for index, operation in enumerate(operations):
        made = list(_steps(Place(index, operation, state, plain, new)))
        steps += _with_undo(made, operation, state)
        if isinstance(operation, CreateTableOperation):
            new |= {operation.table.label}
        elif isinstance(operation, RenameTable) and operation.old in new:
            new |= {operation.new}
        state = operation.apply(state)
    return steps


def _with_undo(steps: list[Step], operation: Operation, before: State) -> list[Step]:
    """An operation of one piece is undone by its reverse; of several, each says how."""
    reverse = operation.reverse(before)
    loses_data = operation.loses_data and not is_computed(operation, before)
    if not steps or reverse is None or loses_data or any(step.how != "together" for step in steps):
        return steps
    undoing = _steps(Place(0, reverse, operation.apply(before), is_plain=True))
    undo = tuple(step.sql for step in undoing if step.sql)
    return [replace(steps[0], undo=undo), *(replace(step, undo=()) for step in steps[1:])]


def _steps(place: Place) -> Iterator[Step]:
    """Those of one operation. What is not known here (`Nothing`, `ForgetExtension`) has none."""
    match place.operation:
        case CreateTableOperation(table):
            yield from _create_table(place, table)
        case DropTable(label):
            yield place.step(f"DROP TABLE {name_of(label)}", "ACCESS EXCLUSIVE", label)
        case RenameTable(old, new):
            made = ddl.RenameTable(bare(old), bare(new), schema=schema_of(old))
            yield place.step(compiled(made, "postgresql"), "ACCESS EXCLUSIVE", old)
        case CreateExtension(name):
            yield place.step(f"CREATE EXTENSION IF NOT EXISTS {quoted_name(name)}")
        case AddColumn(label, column, fill):
            yield from add_column(place, label, column, fill)
        case DropColumn(label, name):
            yield place.alter(label, f"DROP COLUMN {quoted_name(name)}")
        case RenameColumn(label, old, new):
            yield place.alter(label, f"RENAME COLUMN {quoted_name(old)} TO {quoted_name(new)}")
        case ChangeColumn(label, column) as change:
            yield from change_column(place, change, place.before.get_table(label).get_column(column.name))
        case AddRule(label, rule):
            yield from add_rule(place, label, rule)
        case DropRule(label, name):
            yield from drop_rule(place, label, name)
        case RenameRule(label, old, new):
            yield rename_rule(place, label, old, new)
        case LinkColumns(label, old, new):
            yield from _link(place, label, old, new)
        case UnlinkColumns(label, old, new):
            table = place.before.get_table(label)
            for sql in unlink_in_postgresql(table, table.get_link(old, new)):
                yield place.step(sql, "ACCESS EXCLUSIVE", label)
        case RunSQL() as by_hand:
            yield from _run_sql(place, by_hand)
        case RunPython():
            yield place.step("", how="python")
        case Fill(label, column, value, where):
            yield place.fill(label, f"{quoted_name(column)} = ({value.for_dialect('postgresql')})", where)


def _create_table(place: Place, table: Table) -> Iterator[Step]:
    made = make_table(table, "postgresql")
    if table.schema:
        yield place.step(f"CREATE SCHEMA IF NOT EXISTS {quoted_name(table.schema)}")
    others = tuple(dict.fromkeys(key.table for key in table.foreign_keys if key.table != table.label))
    lock: Lock = "SHARE ROW EXCLUSIVE" if others else ""
    yield place.step(compiled(CreateTable(made), "postgresql"), lock, *others)
    for index in sorted(made.indexes, key=lambda each: str(each.name)):
        yield place.step(compiled(CreateIndex(index), "postgresql"))


def _link(place: Place, label: str, old: str, new: str) -> Iterator[Step]:
    link = place.operation.apply(place.before).get_table(label).get_link(old, new)
    for sql in link_in_postgresql(place.before.get_table(label), link):
        yield place.step(sql, "SHARE ROW EXCLUSIVE", label)


def _run_sql(place: Place, operation: RunSQL) -> Iterator[Step]:
    for each in operation.statements:
        text = each.for_dialect("postgresql").strip()
        if text:
            yield place.step(text, how="alone" if operation.alone else "together")
