"""Operations in SQLite: what changes a table makes it anew and copies its rows.

How it works. SQLite can change little of a table in place, and keeps the text that a table was made
with. So operations that follow each other are taken together: for each table that is another one
after them, the new one is made under a passing name, rows are copied, the old one is dropped and the
new one gets its name (https://sqlite.org/lang_altertable.html §7). It is then exactly the table that
the models would make. While this goes on, foreign keys are off; they are verified before the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

# Any: a value is of the type that its column holds.
from typing import Any

from msgspec import UNSET, Struct
from sqlalchemy.schema import CreateIndex, CreateTable

from bistro.db.field_options import AUTO
from bistro.db.lowering.defaults import SQL as AUTOMATIC
from bistro.db.lowering.sql_types import quoted, quoted_name
from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import AddColumn, ChangeColumn, DropColumn, RenameColumn
from bistro.migrations.operations.custom import Fill, Nothing, RunPython, RunSQL
from bistro.migrations.operations.tables import CreateTable as CreateTableOperation
from bistro.migrations.operations.tables import DropTable, RenameTable
from bistro.migrations.schema import Column, Exclude, Index, State, Table
from bistro.migrations.sql.conversions import converted
from bistro.migrations.sql.links import link_in_sqlite, unlink_in_sqlite
from bistro.migrations.sql.steps import Step
from bistro.migrations.sql.tables import compiled, has_index, is_numbered, make_table
from bistro.migrations.sql.values import as_sql
from bistro.migrations.sql_text import SQL

PASSING = "bistro_new_"
BY_HAND = (RunSQL, RunPython, Fill, Nothing)


class Source(Struct):
    """Where the rows of a table come from: the table before, and SQL for each column.

    A column that is not in `columns` gets what the new table itself gives it.
    """

    table: str
    columns: dict[str, str]
    is_changed: bool = False


def sqlite_steps(operations: Sequence[Operation], before: State) -> list[Step]:
    """The steps of a migration, all of them in one transaction."""
    steps: list[Step] = []
    run = Run(before)
    for index, operation in enumerate(operations):
        if isinstance(operation, BY_HAND) or run.needs_fresh_rows(operation):
            steps += run.finish()
            run = Run(run.state)
        if isinstance(operation, BY_HAND):
            steps += _by_hand(index, operation)
        else:
            run.add(index, operation)
    return [*steps, *run.finish()]


def _by_hand(index: int, operation: Operation) -> Iterator[Step]:
    if isinstance(operation, RunSQL):
        for each in operation.statements:
            if each.for_dialect("sqlite").strip():
                yield Step(index, operation, each.for_dialect("sqlite"))
    elif isinstance(operation, RunPython):
        yield Step(index, operation, how="python")
    elif isinstance(operation, Fill):
        value = operation.value.for_dialect("sqlite")
        column = quoted_name(operation.column)
        yield Step(
            index,
            operation,
            f"UPDATE {_name(operation.table)} SET {column} = ({value}) WHERE {operation.where}",
        )


class Run:
    """Operations that follow each other, of which each table is made anew at most once."""

    def __init__(self, before: State) -> None:
        self.before = before
        self.state = before
        self._sources = {
            label: Source(label, {name: quoted_name(name) for name in table.column_names})
            for label, table in before.tables.items()
        }
        self._operations: dict[str, tuple[int, Operation]] = {}
        self._last: tuple[int, Operation] | None = None

    def needs_fresh_rows(self, operation: Operation) -> bool:
        """Whether SQL of the operation names columns as they are not called in the first state any more."""
        if not isinstance(operation, AddColumn | ChangeColumn):
            return False
        has_words = isinstance(operation.fill, SQL) or getattr(operation, "convert", None) is not None
        source = self._sources.get(operation.table)
        return has_words and (source is None or source.is_changed)

    def add(self, index: int, operation: Operation) -> None:
        """Take one more operation in."""
        before, self.state = self.state, operation.apply(self.state)
        table = getattr(operation, "table", "")
        self._last = (index, operation)
        if isinstance(operation, CreateTableOperation):
            self._sources.pop(operation.table.label, None)
            self._operations[operation.table.label] = self._last
        elif isinstance(operation, DropTable):
            self._sources.pop(table, None)
        elif isinstance(operation, RenameTable):
            if operation.old in self._sources:
                self._sources[operation.new] = self._sources.pop(operation.old)
            self._operations[operation.new] = self._last
        else:
            self._operations[table] = self._last
            self._follow(operation, before)

    def _follow(self, operation: Operation, before: State) -> None:
        """Change where columns come from."""
        source = self._sources.get(getattr(operation, "table", ""))
        if source is None:  # a table that is new: it has no rows
            return
        columns = source.columns
        if isinstance(operation, AddColumn):
            source.is_changed = True
            value = _new_value(operation.column, operation.fill)
            if value:
                columns[operation.column.name] = value
        elif isinstance(operation, DropColumn):
            source.is_changed = True
            columns.pop(operation.column, None)
        elif isinstance(operation, RenameColumn):
            source.is_changed = True
            if operation.old in columns:
                columns[operation.new] = columns.pop(operation.old)
        elif isinstance(operation, ChangeColumn):
            source.is_changed = True
            old = before.get_table(operation.table).get_column(operation.column.name)
            columns[old.name] = _changed_value(columns.get(old.name, "NULL"), old, operation)

    def finish(self) -> Iterator[Step]:
        """The statements: tables that go, new tables, copies, their names, indexes."""
        if self._last is None:
            return
        self._refuse_exclusions()
        moved = {label: source for label, source in self._sources.items() if self._is_other(label, source)}
        kept = {source.table for label, source in self._sources.items() if label not in moved}
        new = [label for label in self.state.tables if label not in self._sources]
        for label, source in moved.items():
            yield from self._steps(label, self._copy(label, source))
        for label in self.before.tables:
            if label not in kept:
                yield from self._steps(label, [f"DROP TABLE {_name(label)}"])
        for label in moved:
            yield from self._steps(label, [_rename(self.state.tables[label])])
        for label in new:
            table = make_table(self.state.tables[label], "sqlite")
            yield from self._steps(label, [compiled(CreateTable(table), "sqlite")])
        for label in (*moved, *new):
            yield from self._steps(label, _create_beside(self.state.tables[label]))
        for label, source in self._sources.items():
            if label not in moved:
                yield from self._steps(label, self._change_beside(label, source))

    def _steps(self, label: str, statements: Iterable[str]) -> Iterator[Step]:
        assert self._last is not None
        index, operation = self._operations.get(label, self._last)
        return (Step(index, operation, each, tables=(label,)) for each in statements)

    def _is_other(self, label: str, source: Source) -> bool:
        old, new = self.before.tables[source.table], self.state.tables[label]
        return source.is_changed or label != source.table or _bare(old) != _bare(new)

    def _copy(self, label: str, source: Source) -> Iterator[str]:
        table = self.state.tables[label]
        passing = PASSING + table.name
        yield compiled(CreateTable(make_table(table, "sqlite", name=passing)), "sqlite")
        given = {
            column.name: source.columns[column.name]
            for column in table.columns
            if column.name in source.columns and not column.computed
        }
        names = ", ".join(quoted_name(name) for name in given)
        new = _qualified(passing, table.schema)
        if given:
            values = ", ".join(given.values())
            yield f"INSERT INTO {new} ({names}) SELECT {values} FROM {_name(source.table)}"
        old = self.before.tables[source.table]
        if is_numbered(table) and is_numbered(old):
            # The highest number that was ever given, not only the highest that is still there.
            sequence = _qualified("sqlite_sequence", table.schema)
            yield f"DELETE FROM {sequence} WHERE name = {quoted(passing)}"
            yield (
                f"INSERT INTO {sequence} (name, seq) SELECT {quoted(passing)}, seq FROM {sequence} "
                f"WHERE name = {quoted(old.name)}"
            )

    def _change_beside(self, label: str, source: Source) -> Iterator[str]:
        old, new = self.before.tables[source.table], self.state.tables[label]
        for index in old.indexes:
            if index not in new.indexes and has_index(index, "sqlite"):
                yield f"DROP INDEX {_qualified(index.name, old.schema)}"
        added = [index for index in new.indexes if index not in old.indexes]
        if added:
            yield from _create_indexes(new, added)
        for link in old.links:
            if link not in new.links:
                yield from unlink_in_sqlite(link)
        for link in new.links:
            if link not in old.links:
                yield from link_in_sqlite(new, link)

    def _refuse_exclusions(self) -> None:
        for table in self.state.tables.values():
            if any(isinstance(rule, Exclude) for rule in table.constraints):
                raise MigrationFileError(
                    f"SQLite has no exclusion constraints, but {table.label} has one", fix="Use PostgreSQL."
                )


def _rename(table: Table) -> str:
    passing = _qualified(PASSING + table.name, table.schema)
    return f"ALTER TABLE {passing} RENAME TO {quoted_name(table.name)}"


def _create_beside(table: Table) -> list[str]:
    return _create_indexes(table) + [sql for link in table.links for sql in link_in_sqlite(table, link)]


def _create_indexes(table: Table, indexes: Sequence[Index] | None = None) -> list[str]:
    made = make_table(table, "sqlite")
    wanted = {index.name for index in (table.indexes if indexes is None else indexes)}
    found = sorted((index for index in made.indexes if index.name in wanted), key=lambda each: str(each.name))
    return [compiled(CreateIndex(index), "sqlite") for index in found]


def _new_value(column: Column, fill: Any) -> str:
    """SQL for a column that was not there; empty where the new table gives it by itself."""
    if column.computed:
        return ""
    if fill is not UNSET:
        return as_sql(fill, column, "sqlite")
    if column.default == AUTO:
        return "" if column.kind == "integer" else f"({AUTOMATIC['sqlite'][column.kind]})"
    return f"({column.default})" if column.default else ""


def _changed_value(value: str, old: Column, operation: ChangeColumn) -> str:
    new = operation.column
    if operation.convert is not None:
        value = f"({operation.convert.for_dialect('sqlite')})"
    else:
        value = converted(value, old, new, "sqlite")
    if operation.fill is not UNSET and not new.nullable:
        return f"coalesce({value}, {as_sql(operation.fill, new, 'sqlite')})"
    return value


def _bare(table: Table) -> tuple[Any, ...]:
    return table.columns, frozenset(table.constraints)


def _name(label: str) -> str:
    schema, _, name = label.rpartition(".")
    return _qualified(name, schema)


def _qualified(name: str, schema: str) -> str:
    return f"{quoted_name(schema)}.{quoted_name(name)}" if schema else quoted_name(name)
