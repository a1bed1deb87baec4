"""What a migration does to those who use a PostgreSQL database meanwhile, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, Struct

from bistro.migrations.errors import MigrationError
from bistro.migrations.graph import Placed
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import (
    AddColumn,
    ChangeColumn,
    DropColumn,
    RenameColumn,
    is_computed,
)
from bistro.migrations.operations.custom import RunSQL
from bistro.migrations.operations.tables import CreateTable, DropTable, RenameTable
from bistro.migrations.running.plan import make_plan
from bistro.migrations.schema import State
from bistro.migrations.sql.steps import Step

TABLE = 'Let the model keep the name: class Memo(Model, table="note").'
DATABASE_DEFAULT = 'Let it be None, or have a default in the database, auto("…"), until that code is gone.'
FIXES = {
    ChangeColumn: "Let the field have a second column, field(column=…), kept like the first one for a while: "
    "bistro db make --expand TABLE.OLD=NEW.",
    AddColumn: "Add a plain column, fill it, and give it the default then.",
}


class Hazard(Struct, frozen=True):
    """One thing that may stop a site: its `code` can be in the migration's `allow`."""

    code: str
    migration: str
    operation: str
    what: str
    fix: str
    lock: str = ""
    sql: str = ""


def find_hazards(placed: Placed) -> list[Hazard]:
    """All of one migration, but those that it allows."""
    allowed = set(placed.loaded.migration.allow)
    return [each for each in _find(placed) if each.code not in allowed]


def _find(placed: Placed) -> Iterator[Hazard]:
    state, new = placed.before, set[str]()
    for operation in placed.loaded.migration.operations:
        if isinstance(operation, CreateTable):
            new.add(operation.table.label)
        for code, what, fix in _of_operation(operation, state, new):
            yield Hazard(code, placed.full_name, operation.describe(), what, fix)
        if isinstance(operation, RunSQL):
            yield from _of_sql(operation, placed, new)
        state = operation.apply(state)
    try:
        steps = make_plan(placed, "postgresql").steps
    except MigrationError as error:
        yield Hazard("order", placed.full_name, "", error.what, error.fix)
        return
    for step in steps:
        if step.blocks_long and not new.issuperset(step.tables):
            yield _of_step(step, placed)


def _of_operation(operation: Operation, state: State, new: set[str]) -> Iterator[tuple[str, str, str]]:
    """What running code would miss, and what fails where there are rows."""
    table = getattr(operation, "table", "")
    if table in new or getattr(operation, "old", "") in new:
        return
    match operation:
        case RenameTable(old, _):
            yield "rename", f"code that is running asks for {old}", TABLE
        case RenameColumn(table, old, name):
            both = f"Have both for a while, kept alike: bistro db make --expand {table}.{old}={name}"
            yield "rename", f"code that is running asks for {table}.{old}", both
        case DropTable() | DropColumn():
            if not is_computed(operation, state):
                yield (
                    "drop",
                    "code that is running may still use it, and what is in it is gone",
                    'Release code without it first, then say so: Migration(…, allow=("drop",)).',
                )
        case AddColumn(_, column):
            is_required = not (column.nullable or column.default or column.computed)
            if is_required and operation.fill is UNSET:
                yield "required-column", "it fails where there are rows", "Say what they get: fill=…"
            elif is_required:
                yield "required-column", "code that is running adds rows without it", DATABASE_DEFAULT


def _of_sql(operation: RunSQL, placed: Placed, new: set[str]) -> Iterator[Hazard]:
    # Imported late: it loads Alembic, as all does that makes SQL for PostgreSQL.
    from bistro.migrations.sql_rules import find_faults

    for text in operation.statements:
        sql = text.for_dialect("postgresql")
        for code, statement, what, fix in find_faults(sql, alone=operation.alone, new=new):
            yield Hazard(code, placed.full_name, operation.describe(), what, fix, sql=statement)


def _of_step(step: Step, placed: Placed) -> Hazard:
    doing = {"scan": "read", "build": "indexed", "rewrite": "written anew"}[step.work]
    what = f"{', '.join(step.tables)}: {_who(step)} while all rows are {doing}"
    fix = FIXES.get(type(step.operation), "Do it when few are there, and allow it here.")
    code = {"scan": "scan", "build": "exclude", "rewrite": "rewrite"}[step.work]
    return Hazard(code, placed.full_name, step.operation.describe(), what, fix, step.lock, step.sql)


def _who(step: Step) -> str:
    return "nobody can read or write" if step.lock == "ACCESS EXCLUSIVE" else "nobody can write"
