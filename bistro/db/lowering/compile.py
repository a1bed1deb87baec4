"""From the form of a query to the recipe of its plan: its SQL, and what becomes of its rows."""

from __future__ import annotations

# Any: SQLAlchemy's elements share no useful type.
from typing import Any

import sqlalchemy as sa

from bistro.db.hydrate import ValueItem
from bistro.db.lowering.change import delete_of, update_of
from bistro.db.lowering.dialects import Dialect
from bistro.db.lowering.loading import LoadTree, plant
from bistro.db.lowering.parameters import Parameters
from bistro.db.lowering.scope import equal
from bistro.db.lowering.select import Lowering, Selection, select_of
from bistro.db.lowering.tables import table_of
from bistro.db.lowering.values import list_parameter, listed
from bistro.db.paths import Path
from bistro.db.recipe import LoadRecipe, Recipe
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, RelationInfo


def compile_shape(shape: Shape, dialect: Any) -> Recipe:
    """The recipe of a query's plan for a kind of database."""
    parameters = Parameters(dialect)
    steps = shape.steps()
    last = steps[-1][0] if steps else ""
    if last in ("count", "exists"):
        lowering = Lowering(shape.table, parameters)
        lowering.read(steps[:-1])
        return Recipe(*parameters.compile(_value_of(lowering, last)))
    if last == "delete":
        return Recipe(*parameters.compile(delete_of(shape.table, steps[:-1], parameters)))
    if last == "update":
        return Recipe(*parameters.compile(update_of(shape.table, steps[:-1], steps[-1], parameters)))
    selection = select_of(shape, parameters)
    compiled = parameters.compile(selection.statement)
    return Recipe(*compiled, tuple(selection.items), selection.is_single, _loads_of(selection, dialect))


def compile_loads(paths: tuple[Any, ...], dialect: Any) -> Recipe:
    """The recipe of the plan that loads relations of instances that are there already."""
    tree = LoadTree()
    first = 0
    for each in paths:
        # A path, or one with the query for its rows and how many values that has.
        path, shape, count = each if isinstance(each, tuple) else (each, None, 0)
        plant(tree, path, shape, first, count)
        first += count
    loads = tuple(compile_load(child, (), dialect) for child in tree.children.values())
    return Recipe("", (), 0, loads=loads)


def _value_of(lowering: Lowering, what: str) -> Any:
    if what == "count":
        return lowering.value(sa.func.count())
    found = lowering.value(sa.literal_column("1"))
    return sa.select(sa.exists(found))


def _loads_of(selection: Selection, dialect: Dialect) -> tuple[LoadRecipe, ...]:
    """What is loaded by queries of their own, once the rows are there."""
    return tuple(_find_loads(selection.loads, (), dialect))


def _find_loads(tree: LoadTree, owners: tuple[str, ...], dialect: Dialect) -> list[LoadRecipe]:
    found = []
    for name, child in tree.children.items():
        if child.path.relation.is_many or child.shape is not None:
            found.append(compile_load(child, owners, dialect))
        else:
            found += _find_loads(child, (*owners, name), dialect)
    return found


def compile_load(tree: LoadTree, owners: tuple[str, ...], dialect: Dialect) -> LoadRecipe:
    """The query for the rows that a relation leads to, for any number of instances at once.

    Its first values are the instances' keys, a list for each column; then come those of the
    relation's own query. What is to be loaded behind the relation is part of its plan.
    """
    relation = tree.path.relation
    parameters = Parameters(dialect)
    lowering = Lowering(relation.target, parameters)
    here, there = _sides(relation, lowering)
    lowering.parts.where.append(_among(there, list(here), parameters))
    if tree.shape is not None:
        lowering.read(tree.shape.steps())
    slices = [(tree.first, tree.count)] if tree.shape is not None else []
    _move(tree, lowering.loads, slices, parameters)
    selection = lowering.selection()
    items = (*(ValueItem(column.type) for column in here), *selection.items)
    compiled = parameters.compile(lowering.for_each(there, selection))
    recipe = Recipe(*compiled, items, False, _loads_of(selection, dialect))
    key = tuple(column.field for column in here)
    return LoadRecipe(owners, relation.name, key, relation.is_many, recipe, tuple(slices))


def _sides(relation: RelationInfo, lowering: Lowering) -> tuple[tuple[ColumnInfo, ...], list[Any]]:
    """The columns of the instances that are there, and those of the query that equal them."""
    scope = lowering.scope
    if relation.kind != "through":
        here = tuple(column for column, _ in relation.pairs)
        return here, [scope.table.c[column.name] for _, column in relation.pairs]
    through = relation.through
    pairs = table_of(through.table).alias(f"{through.table.name}__pairs")
    scope.source = scope.source.join(pairs, equal(pairs, through.right, scope.table))
    return tuple(column for column, _ in through.left), [pairs.c[column.name] for _, column in through.left]


def _among(columns: list[Any], infos: list[ColumnInfo], parameters: Parameters) -> Any:
    """The condition that a key is among those of the instances."""
    lists = [list_parameter(info.type, parameters) for info in infos]
    if parameters.dialect == "postgresql":
        if len(columns) == 1:
            return columns[0] == sa.any_(lists[0])
        keys = sa.func.unnest(*lists).table_valued(*(f"k{number}" for number in range(len(lists))))
        keys = keys.render_derived(name="keys")
        return sa.tuple_(*columns).in_(sa.select(*keys.c))
    if len(columns) == 1:
        return columns[0].in_(sa.select(listed(lists[0])))
    tables = [
        sa.func.json_each(each).table_valued("key", "value", name=f"keys_{number}")
        for number, each in enumerate(lists)
    ]
    chosen = sa.select(*(each.c.value for each in tables))
    for each in tables[1:]:
        chosen = chosen.where(each.c.key == tables[0].c.key)
    return sa.tuple_(*columns).in_(chosen)


def _move(tree: LoadTree, loads: LoadTree, slices: list[tuple[int, int]], parameters: Parameters) -> None:
    """The relations behind one, as seen from the model that it leads to; their values go along."""
    for name, child in tree.children.items():
        moved = LoadTree(Path(child.path.relation, loads.path))
        if child.shape is not None:
            slices.append((child.first, child.count))
            moved.shape, moved.count = child.shape, child.count
            moved.first = parameters.skip(child.count)
        loads.children[name] = moved
        _move(child, moved, slices, parameters)
