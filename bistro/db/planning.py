"""Find the plan of a query, or have it made: the only way from a query to what makes SQL."""

from __future__ import annotations

from collections.abc import Callable

from bistro.db.plan import Plan
from bistro.db.plan_store import find_store
from bistro.db.recipe import Recipe
from bistro.db.shape import Shape


def get_plan(shape: Shape, dialect: str) -> Plan:
    """The plan of a form of query for a database of this kind; the first time, it is made."""
    plan: Plan | None = shape.plans.get(dialect)
    if plan is None:
        plan = shape.plans[dialect] = make_plan(shape, dialect, lambda: _compile(shape, dialect))
    shape.used = True
    return plan


def make_plan(shape: Shape, dialect: str, compile_recipe: Callable[[], Recipe]) -> Plan:
    """A plan from the recipe that was kept for this form, or else from a new one, which is then kept."""
    store = find_store()
    recipe = store.find(shape, dialect) if store is not None else None
    if recipe is None:
        recipe = compile_recipe()
        if store is not None:
            store.keep(shape, dialect, recipe)
    return recipe.make(dialect)


def _compile(shape: Shape, dialect: str) -> Recipe:
    # Imported late: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.compile import compile_shape

    return compile_shape(shape, dialect)
