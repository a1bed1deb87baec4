"""What one instance can do: save and delete itself, load relations, join many-to-many ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence

# Any: instances are of any model.
from typing import Any

from msgspec import UNSET

from bistro.db.database import Database, get_database
from bistro.db.errors import RowNotFound
from bistro.db.expressions import Column
from bistro.db.files import have_uploads, keeping
from bistro.db.model_errors import QueryError
from bistro.db.paths import path_of
from bistro.db.plan import Plan
from bistro.db.planning import make_plan
from bistro.db.prefetch import load_relations
from bistro.db.query import Query
from bistro.db.recipe import Recipe
from bistro.db.scopes import find_scope, narrowed_loads
from bistro.db.shape import Shape
from bistro.db.table import RelationInfo, TableInfo, Through
from bistro.db.transactions import transaction
from bistro.db.write import change_rows, changed_fields, delete_rows, insert, make_assignments
from bistro.ground.stored_files import StoredFile


async def save(instance: Any, names: Sequence[str], using: Database | None) -> None:
    """Store an instance: a new row where it has no key from the database yet, else its fields `names`."""
    table, root = _parts(instance)
    database = using or get_database(table.database)
    if not names and UNSET in _key(instance, table):
        await insert(root, instance, database)
    elif table.file_columns and have_uploads(table, (instance,)):
        async with keeping(database) as kept:
            await kept.keep_all(table, (instance,), names)
            await _save(instance, names, database, kept.files)
    else:
        await _save(instance, names, database)


async def _save(
    instance: Any, names: Sequence[str], database: Database, fresh: Collection[StoredFile] = ()
) -> None:
    table, root = _parts(instance)
    fields = changed_fields(instance, table)
    chosen = {name: fields[name] for name in names} if names else fields
    row = _row(instance, table)
    if not await change_rows(row.shape, row.params, make_assignments(table, (chosen,), {}), database, fresh):
        if names or not all(column.options.db_default is None for column in table.key):
            raise RowNotFound(
                f"{instance!r} is not in the database", fix="It was deleted; create() makes a new one."
            )
        # Its key is the program's own, so this may well be a new row.
        await insert(root, instance, database)


async def delete(instance: Any, using: Database | None) -> None:
    """Delete an instance's row. Raises RowNotFound where it is gone."""
    table, _ = _parts(instance)
    database = using or get_database(table.database)
    row = _row(instance, table)
    if not await delete_rows(row.shape, row.params, database):
        raise RowNotFound(f"{instance!r} is not in the database", fix="It was deleted already.")


async def refresh(instance: Any, using: Database | None) -> None:
    """Read the columns of an instance anew; loaded relations stay as they are."""
    table, _ = _parts(instance)
    row = _row(instance, table)
    query: Query[Any] = row if using is None else row.using(using)
    fresh = await query.get()
    for name in table.columns:
        setattr(instance, name, getattr(fresh, name))


async def load(instances: Sequence[Any], relations: Sequence[Any], using: Database | None) -> None:
    """Load relations of instances of one model, each by one query for all of them."""
    if not instances:
        return
    table, root = _parts(instances[0])
    database = using or get_database(table.database)
    paths: list[Any] = [path_of(relation) for relation in relations]
    params: tuple[Any, ...] = ()
    scope = find_scope()
    for path, rows, condition in narrowed_loads(scope, list(paths)) if scope is not None else ():
        paths.append((path, rows, len(condition.params)))
        params += condition.params
    shape = root.child(("instances", *paths))
    plan: Plan | None = shape.plans.get(database.dialect)
    if plan is None:
        plan = make_plan(shape, database.dialect, lambda: _compile_loads(shape, database.dialect))
        shape.plans[database.dialect] = plan
    await load_relations(plan.loads, instances, params, database)


async def pair(
    instance: Any, relation: Any, others: Sequence[Any], using: Database | None, *, instead: bool = False
) -> None:
    """Add others to a many-to-many relation; with `instead`, have them alone."""
    info, through, root = _through(instance, relation)
    database = using or get_database(info.table.database)
    async with transaction(using=database):
        if instead:
            await _unpair_all(instance, info, through, root, database)
        plan = _pair_plan(root, info, through, database.dialect)
        order = [column.field for column in through.table.columns.values() if column.relation]
        rows = [_pair_values(instance, each, through, order) for each in others]
        if rows:
            await database.execute_many(plan.sql, [plan.values(row) for row in rows])


async def unpair(instance: Any, relation: Any, others: Sequence[Any], using: Database | None) -> None:
    """Take others out of a many-to-many relation."""
    info, through, root = _through(instance, relation)
    database = using or get_database(info.table.database)
    columns = tuple(there for _, there in through.left) + tuple(here for here, _ in through.right)
    plan = _unpair_plan(root, info, through, columns, database.dialect)
    order = [column.field for column in columns]
    rows = [plan.values(_pair_values(instance, each, through, order)) for each in others]
    if rows:
        await database.execute_many(plan.sql, rows)


async def _unpair_all(
    instance: Any, info: RelationInfo, through: Through, root: Shape, database: Database
) -> None:
    columns = tuple(there for _, there in through.left)
    plan = _unpair_plan(root, info, through, columns, database.dialect)
    await database.execute(
        plan.sql, plan.values(tuple(getattr(instance, here.field) for here, _ in through.left))
    )


def _compile_loads(shape: Shape, dialect: Any) -> Recipe:
    # Imported late, here and below: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.compile import compile_loads

    return compile_loads(shape.step[1:], dialect)


def _pair_plan(root: Shape, info: RelationInfo, through: Through, dialect: Any) -> Plan:
    shape = root.child(("pair", info))
    if dialect not in shape.plans:
        shape.plans[dialect] = make_plan(shape, dialect, lambda: _compile_pairs(through.table, dialect))
    plan: Plan = shape.plans[dialect]
    return plan


def _compile_pairs(pairs: TableInfo, dialect: Any) -> Recipe:
    from bistro.db.lowering.change import compile_pairs

    return compile_pairs(pairs, dialect)


def _unpair_plan(root: Shape, info: RelationInfo, through: Through, columns: Any, dialect: Any) -> Plan:
    shape = root.child(("unpair", info, len(columns)))
    if dialect not in shape.plans:
        compile_recipe = lambda: _compile_unpair(through.table, columns, dialect)  # noqa: E731
        shape.plans[dialect] = make_plan(shape, dialect, compile_recipe)
    plan: Plan = shape.plans[dialect]
    return plan


def _compile_unpair(pairs: TableInfo, columns: Any, dialect: Any) -> Recipe:
    from bistro.db.lowering.change import compile_unpair

    return compile_unpair(pairs, columns, dialect)


def _pair_values(instance: Any, other: Any, through: Through, order: list[str]) -> tuple[Any, ...]:
    values = {there.field: getattr(instance, here.field) for here, there in through.left}
    values |= {here.field: getattr(other, there.field) for here, there in through.right}
    return tuple(values[name] for name in order)


def _through(instance: Any, relation: Any) -> tuple[RelationInfo, Through, Shape]:
    info = path_of(relation).relation
    table, root = _parts(instance)
    if info.kind != "through" or info.table is not table:
        raise QueryError(f"{info!r} is no many-to-many relation of {table.label}", fix="Name one of its own.")
    return info, info.through, root


def _parts(instance: Any) -> tuple[TableInfo, Shape]:
    return instance.__table_info__, type(instance).objects.shape


def _key(instance: Any, table: TableInfo) -> list[Any]:
    return [getattr(instance, column.field) for column in table.key]


def _row(instance: Any, table: TableInfo) -> Query[Any]:
    """The query for the instance's own row."""
    query: Query[Any] = type(instance).objects
    for column, value in zip(table.key, _key(instance, table), strict=True):
        if value is UNSET:
            raise QueryError(f"{instance!r} has no key yet", fix="Create it first.")
        query = query.filter(Column[Any](column) == value)
    return query.in_scope()
