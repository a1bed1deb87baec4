"""INSERT of many rows at once: one statement for any number in PostgreSQL, for each 200 in SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# Any: instances are of any model, values of any type.
from typing import Any, Final

from msgspec import Struct

from bistro.db.database import Database
from bistro.db.errors import ValueNotStorable
from bistro.db.files import have_uploads, keeping
from bistro.db.plan import Plan
from bistro.db.planning import make_plan
from bistro.db.recipe import Recipe
from bistro.db.shape import Shape
from bistro.db.table import TableInfo
from bistro.db.transactions import transaction
from bistro.db.unstorable import name_fields
from bistro.db.write import (
    Store,
    group_by_fields,
    insert,
    insert_plan,
    others,
    reader,
    without_conversion,
    write_store,
)
from bistro.ground.codegen import check_identifier, compile_function

ROWS_AT_ONCE: Final = 200
"""Rows of one INSERT in SQLite, which takes at most 32,766 values."""
VALUES_AT_ONCE: Final = 30_000
# Arrays of arrays would be flattened on their way into PostgreSQL.
NO_ARRAY_OF: Final = frozenset({"array"})


class BulkPlan(Struct, frozen=True, eq=False):
    """The plan of an INSERT of many rows.

    `read` makes the values of instances, a list for each column (PostgreSQL) or one tuple for each
    row (SQLite). `store` gives the instances what the database made; None where that is nothing.
    """

    plan: Plan
    read: Callable[[Sequence[Any]], Any]
    store: Store | None


async def insert_many(root: Shape, instances: Sequence[Any], database: Database) -> None:
    """Store new rows, all or none; the instances get what the database made.

    Instances with values for the same fields go together; most often these are all.
    """
    if not instances:
        return
    if root.table.file_columns and have_uploads(root.table, instances):
        async with keeping(database) as kept:
            await kept.keep_all(root.table, instances)
            await insert_many(root, instances, database)
        return
    groups = group_by_fields(root.root, instances)
    if len(groups) == 1 and database.dialect == "postgresql":
        await _insert_group(root, *next(iter(groups.items())), database)
    else:
        async with transaction(using=database):
            for names, group in groups.items():
                await _insert_group(root, names, group, database)


async def _insert_group(root: Shape, names: tuple[str, ...], group: list[Any], database: Database) -> None:
    try:
        await _insert_alike(root, names, group, database)
    except ValueNotStorable as error:
        columns = [root.table.columns[name] for name in names]
        rows = map(reader(names), group)
        raise name_fields(error, columns, rows, database.dialect) from error


async def _insert_alike(root: Shape, names: tuple[str, ...], group: list[Any], database: Database) -> None:
    columns = [root.table.columns[name] for name in names]
    by_array = not any(column.type.kind in NO_ARRAY_OF for column in columns)
    if not names or (database.dialect == "postgresql" and not by_array):
        async with transaction(using=database):
            for instance in group:
                await insert(root, instance, database)
    elif database.dialect == "postgresql":
        made = _array_plan(root, names)
        await _run(made, group, made.plan.values(made.read(group)), database)
    else:
        size = max(1, min(ROWS_AT_ONCE, VALUES_AT_ONCE // len(names)))
        for start in range(0, len(group), size):
            part = group[start : start + size]
            made = _rows_plan(root, names, len(part))
            rows, bind = made.read(part), made.plan.bind
            stored = rows if bind is None else map(bind, rows)
            await _run(made, part, [value for row in stored for value in row], database)


async def _run(made: BulkPlan, group: list[Any], values: Sequence[Any], database: Database) -> None:
    if made.store is None:
        await database.execute(made.plan.sql, values)
    else:
        made.store(group, made.plan.hydrate(await database.fetch(made.plan.sql, values)))


def _array_plan(root: Shape, names: tuple[str, ...]) -> BulkPlan:
    """The plan for any number of rows in PostgreSQL."""
    shape = root.child(("bulk", names))
    made: BulkPlan | None = shape.plans.get("postgresql")
    if made is None:
        returned = others(root.table, names)
        plan = make_plan(shape, "postgresql", lambda: _compile_bulk(root.table, names, returned))
        lists = "".join(f"[each.{check_identifier(name)} for each in rows], " for name in names)
        read = compile_function(f"def read(rows):\n    return ({lists})\n", "read", "<bulk_create>", {})
        plan = without_conversion(plan, root.table, returned, "postgresql")
        made = shape.plans["postgresql"] = BulkPlan(plan, read, write_store(returned))
    shape.used = True
    return made


def _compile_bulk(table: TableInfo, names: tuple[str, ...], returned: tuple[str, ...]) -> Recipe:
    # Imported late: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.change import compile_bulk

    return compile_bulk(table, names, returned)


def _rows_plan(root: Shape, names: tuple[str, ...], rows: int) -> BulkPlan:
    """The plan for this number of rows in SQLite, whose values come one row after the other."""
    shape = root.child(("rows", names, rows))
    made: BulkPlan | None = shape.plans.get("sqlite")
    if made is None:
        single = insert_plan(root, names, "sqlite")
        marks = f"({', '.join('?' * len(names))})"
        assert marks in single.plan.sql
        sql = single.plan.sql.replace(marks, ", ".join([marks] * rows), 1)
        plan = Plan(sql, single.plan.bind, single.plan.hydrate)
        values = "".join(f"each.{check_identifier(name)}, " for name in names)
        source = f"def read(rows):\n    return [({values}) for each in rows]\n"
        read = compile_function(source, "read", "<bulk_create>", {})
        made = shape.plans["sqlite"] = BulkPlan(plan, read, single.store)
    shape.used = True
    return made
