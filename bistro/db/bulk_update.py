"""UPDATE of many rows, each with values of its own: one statement in PostgreSQL, one a row in SQLite."""

from __future__ import annotations

from collections.abc import Collection, Sequence

# Any: instances are of any model, values of any type.
from typing import Any

from msgspec import UNSET

from bistro.db.bulk import NO_ARRAY_OF
from bistro.db.database import Database
from bistro.db.errors import ValueNotStorable
from bistro.db.expressions import Column
from bistro.db.files import have_uploads, keeping
from bistro.db.model_errors import QueryError
from bistro.db.paths import unknown_field
from bistro.db.plan import Plan
from bistro.db.planning import make_plan
from bistro.db.recipe import Recipe
from bistro.db.scopes import find_scope, narrow
from bistro.db.shape import Shape
from bistro.db.table import TableInfo
from bistro.db.transactions import transaction
from bistro.db.unstorable import name_fields
from bistro.db.write import change_rows, make_assignments, reader
from bistro.ground.stored_files import StoredFile


async def update_many(
    root: Shape, instances: Sequence[Any], names: tuple[str, ...], database: Database
) -> int:
    """Store the fields `names` of these rows, all or none; how many rows there were.

    Rows are changed in the order of their keys, so that two updates at once never wait for each other.
    """
    table = root.table
    keys = tuple(column.field for column in table.key)
    _check(table, keys, names, instances)
    read_key = reader(keys)
    given = sorted(instances, key=read_key)
    by_array = not any(table.columns[name].type.kind in NO_ARRAY_OF for name in (*keys, *names))
    if not given:
        return 0
    at_once = (
        by_array and find_scope() is None and not any(column.field in names for column in table.file_columns)
    )
    if database.dialect == "postgresql" and at_once:
        return await _update_at_once(root, given, keys, names, database)
    async with transaction(using=database):
        return sum([await _update_one(root, each, read_key(each), names, database) for each in given])


def _check(table: TableInfo, keys: tuple[str, ...], names: tuple[str, ...], instances: Sequence[Any]) -> None:
    for name in names:
        if name not in table.columns:
            raise unknown_field(table, name)
        if table.columns[name].is_key:
            raise QueryError(f"{table.label}.{name} is the key", fix="Rows are found by it; change others.")
    if not names:
        raise QueryError(
            "an update that changes nothing", fix="Name the fields: bulk_update(notes, Note.title)."
        )
    for each in instances:
        for name in (*keys, *names):
            if getattr(each, name) is UNSET:
                raise QueryError(f"{each!r} has no {name}", fix="Read or create it first.")


async def _update_one(
    root: Shape, instance: Any, key: tuple[Any, ...], names: tuple[str, ...], database: Database
) -> int:
    shape, params = root, key
    for column in root.table.key:
        shape = shape.child(("where", (Column[Any](column) == 0).key))
    scope = find_scope()
    if scope is not None:
        shape, params = narrow(scope, shape, params)
    if not (root.table.file_columns and have_uploads(root.table, (instance,))):
        return await _store(shape, params, instance, names, database)
    async with keeping(database) as kept:
        await kept.keep_all(root.table, (instance,), names)
        return await _store(shape, params, instance, names, database, kept.files)


async def _store(
    shape: Shape,
    params: tuple[Any, ...],
    instance: Any,
    names: tuple[str, ...],
    database: Database,
    fresh: Collection[StoredFile] = (),
) -> int:
    values = {name: getattr(instance, name) for name in names}
    return await change_rows(shape, params, make_assignments(shape.table, (values,), {}), database, fresh)


async def _update_at_once(
    root: Shape, given: list[Any], keys: tuple[str, ...], names: tuple[str, ...], database: Database
) -> int:
    shape = root.child(("bulk update", names))
    plan: Plan | None = shape.plans.get(database.dialect)
    if plan is None:
        plan = make_plan(shape, database.dialect, lambda: _compile(root.table, (*keys, *names)))
        shape.plans[database.dialect] = plan
    shape.used = True
    lists = tuple([getattr(each, name) for each in given] for name in (*keys, *names))
    try:
        return await database.execute(plan.sql, plan.values(lists))
    except ValueNotStorable as error:
        columns = [root.table.columns[name] for name in names]
        raise name_fields(error, columns, map(reader(names), given), database.dialect) from error


def _compile(table: TableInfo, names: tuple[str, ...]) -> Recipe:
    # Imported late: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.change import compile_bulk_update

    return compile_bulk_update(table, names)
