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

import re
from collections.abc import Iterator, Sequence

# Any: a value is of the type that its column holds.
from typing import Any, Final

from alembic.ddl import base as ddl
from alembic.ddl.postgresql import PostgresqlColumnType
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from bistro.db.field_options import AUTO
from bistro.db.lowering.defaults import SQL as AUTOMATIC
from bistro.db.lowering.sql_types import quoted_name, sql_type
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import AddColumn, ChangeColumn, DropColumn, RenameColumn
from bistro.migrations.operations.custom import Fill, RunPython, RunSQL
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.operations.tables import CreateExtension, DropTable, RenameTable
from bistro.migrations.operations.tables import CreateTable as CreateTableOperation
from bistro.migrations.schema import (
    Check,
    Column,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    State,
    Table,
    Unique,
)
from bistro.migrations.sql.conversions import converted, is_same_kind
from bistro.migrations.sql.steps import Lock, Step, Work
from bistro.migrations.sql.tables import compiled, make_constraint, make_index, make_table
from bistro.migrations.sql.types import column_type
from bistro.migrations.sql.values import as_sql
from bistro.migrations.sql_text import SQL

# What gives another value for each row can't be a default that is stored once.
VOLATILE: Final = re.compile(
    r"\b(?:random\w*|gen_random_uuid|uuid_generate\w*|uuidv\d|clock_timestamp|timeofday|nextval|setval)\b",
    re.I,
)


def postgresql_steps(operations: Sequence[Operation], before: State, *, plain: bool = False) -> list[Step]:
    """The steps of a migration."""
    steps: list[Step] = []
    state, new = before, set[str]()
    for index, operation in enumerate(operations):
        made = list(OneOperation(index, operation, state, is_plain=plain, new=new).steps())
        steps += _with_undo(made, operation, state)
        if isinstance(operation, CreateTableOperation):
            new.add(operation.table.label)
        elif isinstance(operation, RenameTable) and operation.old in new:
            new.add(operation.new)
        state = operation.apply(state)
    return steps


def _with_undo(steps: list[Step], operation: Operation, before: State) -> list[Step]:
    """An operation of one piece is undone by its reverse; of several, each says how."""
    reverse = operation.reverse(before)
    if not steps or reverse is None or operation.loses_data or any(step.how != "together" for step in steps):
        return steps
    after = operation.apply(before)
    undoing = OneOperation(0, reverse, after, is_plain=True, new=set()).steps()
    undo = tuple(step.sql for step in undoing if step.sql)
    return [replace(steps[0], undo=undo), *(replace(step, undo=()) for step in steps[1:])]


class OneOperation:
    """Makes the steps of one operation at its place."""

    def __init__(
        self, index: int, operation: Operation, before: State, *, is_plain: bool, new: set[str]
    ) -> None:
        self._index = index
        self._operation = operation
        self._before = before
        self._is_plain = is_plain
        self._new = new

    def steps(self) -> Iterator[Step]:
        """The steps. What is not known here (`Nothing`, `ForgetExtension`) has none."""
        match self._operation:
            case CreateTableOperation(table):
                yield from self._create_table(table)
            case DropTable(label):
                yield self._step(f"DROP TABLE {name_of(label)}", "ACCESS EXCLUSIVE", label)
            case RenameTable(old, new):
                made = ddl.RenameTable(_bare(old), _bare(new), schema=_schema(old))
                yield self._step(compiled(made, "postgresql"), "ACCESS EXCLUSIVE", old)
            case CreateExtension(name):
                yield self._step(f"CREATE EXTENSION IF NOT EXISTS {quoted_name(name)}")
            case AddColumn(label, column, fill):
                yield from self._add_column(label, column, fill)
            case DropColumn(label, name):
                yield self._alter(label, f"DROP COLUMN {quoted_name(name)}")
            case RenameColumn(label, old, new):
                yield self._alter(label, f"RENAME COLUMN {quoted_name(old)} TO {quoted_name(new)}")
            case ChangeColumn(label, column):
                old_column = self._before.get_table(label).get_column(column.name)
                yield from self._change_column(self._operation, old_column)
            case AddRule(label, rule):
                yield from self._add_rule(label, rule)
            case DropRule(label, name):
                yield from self._drop_rule(label, name)
            case RenameRule(label, old, new):
                yield self._rename_rule(label, old, new)
            case RunSQL():
                yield from self._run_sql(self._operation)
            case RunPython():
                yield Step(self._index, self._operation, how="python")
            case Fill(label, column, value, where):
                yield self._fill(label, f"{quoted_name(column)} = ({value.for_dialect('postgresql')})", where)

    # --- tables -------------------------------------------------------------------------------------

    def _create_table(self, table: Table) -> Iterator[Step]:
        made = make_table(table, "postgresql")
        if table.schema:
            yield self._step(f"CREATE SCHEMA IF NOT EXISTS {quoted_name(table.schema)}")
        others = tuple(dict.fromkeys(key.table for key in table.foreign_keys if key.table != table.label))
        lock: Lock = "SHARE ROW EXCLUSIVE" if others else ""
        yield self._step(compiled(CreateTable(made), "postgresql"), lock, *others)
        for index in sorted(made.indexes, key=lambda each: str(each.name)):
            yield self._step(compiled(CreateIndex(index), "postgresql"))

    # --- columns ------------------------------------------------------------------------------------

    def _add_column(self, label: str, column: Column, fill: Any) -> Iterator[Step]:
        if fill is UNSET or column.computed:
            if self._is_at_once(label) or not _is_volatile(column):
                rewrites = bool(column.computed and column.stored) or _is_volatile(column)
                yield self._add_whole(label, column, "rewrite" if rewrites else "instant")
                return
        elif self._is_at_once(label) or not _has_words(fill):
            yield from self._add_filled(label, column, fill)
            return
        yield from self._add_in_batches(label, column, fill)

    def _add_whole(self, label: str, column: Column, work: Work) -> Step:
        table = self._before.get_table(label)
        sql = ddl.AddColumn(table.name, self._sql_column(column, table), schema=table.schema or None)
        return self._step(compiled(sql, "postgresql"), "ACCESS EXCLUSIVE", label, work=work)

    def _add_filled(self, label: str, column: Column, fill: Any) -> Iterator[Step]:
        """A default that is a constant is kept once for all rows that are there: nothing is written."""
        name = quoted_name(column.name)
        if _has_words(fill):
            yield self._add_whole(label, replace(column, nullable=True, default=""), "instant")
            yield self._step(
                f"UPDATE {name_of(label)} SET {name} = {as_sql(fill, column, 'postgresql')}",
                "ACCESS EXCLUSIVE",
                label,
                work="rewrite",
            )
            if not column.nullable:
                yield self._alter(label, f"ALTER COLUMN {name} SET NOT NULL", work="scan")
        else:
            value = as_sql(fill, column, "postgresql")
            yield self._add_whole(label, replace(column, default=value), "instant")
            if not column.default:
                yield self._alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
        if column.default:
            yield self._set_default(label, column)

    def _add_in_batches(self, label: str, column: Column, fill: Any) -> Iterator[Step]:
        """Each row gets a value of its own: the column comes empty, and is filled behind it."""
        name = quoted_name(column.name)
        first = self._add_whole(label, replace(column, nullable=True, default=""), "instant")
        yield replace(first, undo=(f"ALTER TABLE {name_of(label)} DROP COLUMN IF EXISTS {name}",))
        if column.default:
            yield self._set_default(label, column)
        value = _default_words(column) if fill is UNSET else as_sql(fill, column, "postgresql")
        yield self._fill(label, f"{name} = {value}", f"{name} IS NULL")
        if not column.nullable:
            yield from self._set_not_null(label, column.name)

    def _change_column(self, operation: ChangeColumn, old: Column) -> Iterator[Step]:
        label, new, name = operation.table, operation.column, quoted_name(operation.column.name)
        if old.computed and not new.computed:
            yield self._alter(label, f"ALTER COLUMN {name} DROP EXPRESSION")
            old = replace(old, computed="", stored=True)
        is_other = sql_words(old) != sql_words(new) or not is_same_kind(old, new)
        if is_other and old.default and old.default != AUTO:
            yield self._alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
        if is_other or operation.convert is not None:
            yield self._change_type(operation, old)
        if old.nullable and not new.nullable and operation.fill is not UNSET:
            value = as_sql(operation.fill, new, "postgresql")
            yield self._fill(label, f"{name} = {value}", f"{name} IS NULL")
        if old.nullable and not new.nullable:
            yield from self._set_not_null(label, new.name)
        if new.nullable and not old.nullable:
            yield self._alter(label, f"ALTER COLUMN {name} DROP NOT NULL")
        if new.default != old.default or (is_other and new.default):
            yield from self._change_default(label, old, new)

    def _change_type(self, operation: ChangeColumn, old: Column) -> Step:
        label, new = operation.table, operation.column
        if operation.convert is not None:
            using = operation.convert.for_dialect("postgresql")
        else:
            using = "" if is_same_kind(old, new) else converted(quoted_name(old.name), old, new, "postgresql")
        sql = PostgresqlColumnType(
            _bare(label), new.name, sql_type(column_type(new)), schema=_schema(label), using=using or None
        )
        work: Work = "instant" if _only_widens(old, new) and not using else "rewrite"
        return self._step(compiled(sql, "postgresql"), "ACCESS EXCLUSIVE", label, work=work)

    def _change_default(self, label: str, old: Column, new: Column) -> Iterator[Step]:
        name = quoted_name(new.name)
        if _is_identity(old) and not _is_identity(new):
            yield self._alter(label, f"ALTER COLUMN {name} DROP IDENTITY IF EXISTS")
        if _is_identity(new):
            if _is_identity(old):
                return
            if old.default:
                yield self._alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
            yield self._alter(label, f"ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY")
            # It would begin at 1, where rows are.
            yield self._step(
                f"SELECT setval(pg_get_serial_sequence('{name_of(label)}', '{new.name}'), "
                f"coalesce(max({name}), 0) + 1, false) FROM {name_of(label)}",
                work="scan",
            )
        elif new.default:
            yield self._set_default(label, new)
        elif not _is_identity(old):
            yield self._alter(label, f"ALTER COLUMN {name} DROP DEFAULT")

    def _set_default(self, label: str, column: Column) -> Step:
        words = _default_words(column)
        return self._alter(label, f"ALTER COLUMN {quoted_name(column.name)} SET DEFAULT {words}")

    def _set_not_null(self, label: str, column: str) -> Iterator[Step]:
        name = quoted_name(column)
        setting = f"ALTER COLUMN {name} SET NOT NULL"
        if self._is_at_once(label):
            yield self._alter(label, setting, work="scan")
            return
        # PostgreSQL looks at no row where a validated condition says the same (since version 12).
        rule = quoted_name(f"bistro_not_null_{column}"[:63])
        drop = f"DROP CONSTRAINT IF EXISTS {rule}"
        yield replace(
            self._alter(label, f"ADD CONSTRAINT {rule} CHECK ({name} IS NOT NULL) NOT VALID"),
            undo=(f"ALTER TABLE {name_of(label)} {drop}",),
        )
        yield self._validate(label, rule)
        undo = (f"ALTER TABLE {name_of(label)} ALTER COLUMN {name} DROP NOT NULL",)
        yield replace(self._alter(label, setting), undo=undo)
        yield self._alter(label, drop)

    # --- constraints and indexes ----------------------------------------------------------------------

    # Any: a rule of any kind.
    def _add_rule(self, label: str, rule: Any) -> Iterator[Step]:
        if isinstance(rule, Index):
            yield self._add_index(label, rule)
        elif self._is_at_once(label) or isinstance(rule, Exclude):
            lock: Lock = "SHARE ROW EXCLUSIVE" if isinstance(rule, ForeignKey) else "ACCESS EXCLUSIVE"
            work: Work = "scan" if isinstance(rule, Check | ForeignKey) else "build"
            yield self._step(self._constraint(label, rule), lock, label, work=work)
        elif isinstance(rule, Check | ForeignKey):
            lock = "SHARE ROW EXCLUSIVE" if isinstance(rule, ForeignKey) else "ACCESS EXCLUSIVE"
            added = self._step(self._constraint(label, rule, not_valid=True), lock, label)
            yield replace(added, undo=(_drop_constraint(label, rule.name),))
            yield self._validate(label, quoted_name(rule.name))
        else:
            yield from self._add_by_index(label, rule)

    def _add_index(self, label: str, index: Index) -> Step:
        table = self._before.get_table(label)
        at_once = self._is_at_once(label)
        made = make_index(
            index, make_table(replace(table, indexes=()), "postgresql"), concurrently=not at_once
        )
        sql = compiled(CreateIndex(made), "postgresql")
        if at_once:
            return self._step(sql, "SHARE", label, work="build")
        undo = (f"DROP INDEX CONCURRENTLY IF EXISTS {name_of(index.name, table.schema)}",)
        return self._step(sql, "SHARE UPDATE EXCLUSIVE", label, work="build", how="alone", undo=undo)

    def _add_by_index(self, label: str, rule: PrimaryKey | Unique) -> Iterator[Step]:
        table = self._before.get_table(label)
        columns = ", ".join(quoted_name(each) for each in rule.columns)
        nulls = " NULLS NOT DISTINCT" if isinstance(rule, Unique) and not rule.nulls_distinct else ""
        name = quoted_name(rule.name)
        yield self._step(
            f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {name_of(label)} ({columns}){nulls}",
            "SHARE UPDATE EXCLUSIVE",
            label,
            work="build",
            how="alone",
            undo=(f"DROP INDEX CONCURRENTLY IF EXISTS {name_of(rule.name, table.schema)}",),
        )
        kind = "PRIMARY KEY" if isinstance(rule, PrimaryKey) else "UNIQUE"
        late = " DEFERRABLE INITIALLY DEFERRED" if getattr(rule, "deferrable", False) else ""
        attach = self._alter(label, f"ADD CONSTRAINT {name} {kind} USING INDEX {name}{late}")
        yield replace(attach, undo=(_drop_constraint(label, rule.name),))

    def _drop_rule(self, label: str, name: str) -> Iterator[Step]:
        table = self._before.get_table(label)
        if isinstance(table.get_rule(name), Index):
            # The lock is for a moment; CONCURRENTLY could not be undone with the rest.
            yield self._step(f"DROP INDEX {name_of(name, table.schema)}", "ACCESS EXCLUSIVE", label)
        else:
            yield self._alter(label, f"DROP CONSTRAINT {quoted_name(name)}")

    def _rename_rule(self, label: str, old: str, new: str) -> Step:
        table = self._before.get_table(label)
        if isinstance(table.get_rule(old), Index):
            sql = f"ALTER INDEX {name_of(old, table.schema)} RENAME TO {quoted_name(new)}"
            return self._step(sql, "SHARE UPDATE EXCLUSIVE", label)
        return self._alter(label, f"RENAME CONSTRAINT {quoted_name(old)} TO {quoted_name(new)}")

    def _validate(self, label: str, rule: str) -> Step:
        sql = f"ALTER TABLE {name_of(label)} VALIDATE CONSTRAINT {rule}"
        return self._step(sql, "SHARE UPDATE EXCLUSIVE", label, work="scan", how="apart")

    # Any: a constraint of any kind.
    def _constraint(self, label: str, rule: Any, *, not_valid: bool = False) -> str:
        table = self._before.get_table(label)
        whole = make_table(replace(table, constraints=(), indexes=()), "postgresql")
        if isinstance(rule, ForeignKey):
            whole = make_table(replace(table, constraints=(rule,), indexes=()), "postgresql")
            key = next(iter(whole.foreign_key_constraints))
            key.dialect_options["postgresql"]["not_valid"] = not_valid
            return compiled(AddConstraint(key), "postgresql")
        made = make_constraint(rule, "postgresql", not_valid=not_valid)
        whole.append_constraint(made)
        return compiled(AddConstraint(made), "postgresql")

    # --- by hand ------------------------------------------------------------------------------------

    def _run_sql(self, operation: RunSQL) -> Iterator[Step]:
        for each in operation.statements:
            text = each.for_dialect("postgresql").strip()
            if text:
                yield Step(self._index, operation, text, how="alone" if operation.alone else "together")

    def _fill(self, label: str, setting: str, where: str) -> Step:
        sql = f"UPDATE {name_of(label)} SET {setting} WHERE ({where})"
        if self._is_at_once(label):
            return self._step(sql, "ROW EXCLUSIVE", label, work="rewrite")
        return self._step(sql, "ROW EXCLUSIVE", label, work="rewrite", how="batches")

    # --- what they share ------------------------------------------------------------------------------

    def _is_at_once(self, label: str) -> bool:
        return self._is_plain or label in self._new

    def _alter(self, label: str, words: str, *, work: Work = "instant") -> Step:
        return self._step(f"ALTER TABLE {name_of(label)} {words}", "ACCESS EXCLUSIVE", label, work=work)

    # Any: the other fields of a step.
    def _step(self, sql: str, lock: Lock = "", *tables: str, **more: Any) -> Step:
        return Step(self._index, self._operation, sql, lock=lock, tables=tables, **more)

    def _sql_column(self, column: Column, table: Table) -> Any:
        return make_table(replace(table, columns=(column,), constraints=(), indexes=()), "postgresql").c[0]


def name_of(label: str, schema: str = "") -> str:
    """A name as SQL has it; with the schema that is in it, or that is given."""
    parts = [*filter(None, [schema]), label] if schema else label.split(".")
    return ".".join(quoted_name(part) for part in parts)


def sql_words(column: Column) -> str:
    """The type of a column in PostgreSQL."""
    return compiled(sql_type(column_type(column)), "postgresql")


def _drop_constraint(label: str, name: str) -> str:
    return f"ALTER TABLE {name_of(label)} DROP CONSTRAINT IF EXISTS {quoted_name(name)}"


def _bare(label: str) -> str:
    return label.rpartition(".")[2]


def _schema(label: str) -> str | None:
    return label.rpartition(".")[0] or None


def _has_words(fill: Any) -> bool:
    return isinstance(fill, SQL)


def _is_volatile(column: Column) -> bool:
    if column.default == AUTO:
        return column.kind in ("uuid", "integer")
    return VOLATILE.search(column.default) is not None


def _is_identity(column: Column) -> bool:
    return column.kind == "integer" and column.default == AUTO


def _default_words(column: Column) -> str:
    words = AUTOMATIC["postgresql"][column.kind] if column.default == AUTO else column.default
    return f"({words})"


def _only_widens(old: Column, new: Column) -> bool:
    """Whether PostgreSQL need not look at the rows: a longer text, or a larger number."""
    if old.kind != new.kind:
        return False
    if old.kind == "text":
        return not new.max_length or 0 < old.max_length <= new.max_length
    return old.kind == "decimal" and (
        new.decimal_places == old.decimal_places and new.max_digits >= old.max_digits
    )
