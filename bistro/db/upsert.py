"""INSERT of a row, or UPDATE of the one that is there already."""

from __future__ import annotations

# Any: instances are of any model.
from typing import Any

from bistro.db.database import Database
from bistro.db.errors import ValueNotStorable
from bistro.db.files import have_uploads
from bistro.db.model_errors import QueryError
from bistro.db.paths import unknown_field
from bistro.db.plan import Plan
from bistro.db.planning import make_plan
from bistro.db.recipe import Recipe
from bistro.db.scopes import check_upsert
from bistro.db.shape import Shape
from bistro.db.table import TableInfo
from bistro.db.unstorable import name_fields
from bistro.db.write import reader, written_fields


async def upsert(
    root: Shape, instance: Any, on: tuple[str, ...], update: tuple[str, ...] | None, database: Database
) -> Any:
    """Store a row, or change the one that has the same values in `on`; the row as it is then."""
    table = root.table
    check_upsert(table, on)
    if have_uploads(table, (instance,)):
        raise QueryError(
            f"an upsert of {table.label} can't keep files", fix="Use create(), or find the row and save it."
        )
    names = written_fields(root.root, instance)
    for name in (*on, *(update or ())):
        if name not in table.columns:
            raise unknown_field(table, name)
    changed = tuple(name for name in names if name not in on) if update is None else update
    shape = root.child(("upsert", names, on, changed))
    plan: Plan | None = shape.plans.get(database.dialect)
    if plan is None:
        dialect = database.dialect
        plan = make_plan(shape, dialect, lambda: _compile_upsert(table, names, on, changed, dialect))
        shape.plans[dialect] = plan
    shape.used = True
    values = reader(names)(instance)
    try:
        return plan.hydrate(await database.fetch(plan.sql, plan.values(values)))[0]
    except ValueNotStorable as error:
        columns = [table.columns[name] for name in names]
        raise name_fields(error, columns, [values], database.dialect) from error


def _compile_upsert(
    table: TableInfo, names: tuple[str, ...], on: tuple[str, ...], changed: tuple[str, ...], dialect: Any
) -> Recipe:
    # Imported late: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.change import compile_upsert

    return compile_upsert(table, names, on, changed, dialect)
