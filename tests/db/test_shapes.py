"""Forms of queries: equal ones share a node, different ones do not, and no client can fill the tree."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bistro.db import Database, Field, ForeignKey, Model, Query, auto, create_tables
from bistro.db.planning import get_plan
from bistro.db.shape import NODES_MAX


class Owner(Model):
    id: Field[int] = auto()
    name: Field[str]


class Thing(Model):
    id: Field[int] = auto()
    size: Field[int]
    label: Field[str | None]
    on: Field[bool]
    owner: ForeignKey[Owner | None]


def test_queries_of_one_form_share_their_plan_whatever_their_values() -> None:
    first = Thing.objects.filter(Thing.size > 1).order_by(Thing.label).limit(3)
    second = Thing.objects.filter(Thing.size > 99).order_by(Thing.label).limit(7)

    assert first.shape is second.shape
    assert get_plan(first.shape, "sqlite") is get_plan(second.shape, "sqlite")


def test_length_of_a_list_is_no_part_of_the_form() -> None:
    assert (
        Thing.objects.filter(Thing.size.in_([1])).shape
        is Thing.objects.filter(Thing.size.in_([1, 2, 3])).shape
    )


def test_none_and_booleans_are_part_of_the_form() -> None:
    shapes = {Thing.objects.filter(Thing.label == label).shape for label in ("x", None)}
    shapes |= {Thing.objects.filter(Thing.on == on).shape for on in (True, False)}

    assert len(shapes) == 4


def test_order_of_steps_is_part_of_the_form_and_queries_are_not_changed() -> None:
    base = Thing.objects.filter(Thing.size > 1)
    shape, params = base.shape, base.params

    base.limit(3).order_by(Thing.id)

    assert (base.shape, base.params) == (shape, params)


def test_tree_stays_bounded_and_keeps_what_is_used() -> None:
    root = Thing.objects.shape.root
    for number in range(NODES_MAX // 2, NODES_MAX * 2):
        query: Query[Any] = Thing.objects
        for bit in f"{number:013b}":
            query = query.filter(Thing.size > 0 if bit == "1" else Thing.size < 0)

    assert root.count <= NODES_MAX


def test_query_outlives_its_place_in_the_tree() -> None:
    query = Thing.objects.filter(Thing.size > 5)
    query.shape.root.children.clear()

    assert query.as_sql("sqlite")[1] == (5,)


ROWS = [
    {"size": size, "label": label, "on": on, "owner": owner}
    for size in (-1, 0, 2)
    for label in (None, "a", "B%")
    for on in (True, False)
    for owner in (None, 1)
]
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne", "lt", "ge"]), st.just("size"), st.integers(-2, 3)),
    st.tuples(st.sampled_from(["contains", "icontains", "startswith", "eq"]), st.just("label"), st.sampled_from(["a", "b", "%", ""])),
    st.tuples(st.just("null"), st.sampled_from(["label", "owner_id"]), st.booleans()),
    st.tuples(st.just("eq"), st.just("on"), st.booleans()),
    st.tuples(st.just("in"), st.just("size"), st.lists(st.integers(-2, 3), max_size=3)),
    st.tuples(st.just("owner"), st.just("owner"), st.sampled_from(["Ann", "x"])),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
    ),
    max_leaves=6,
)


def as_condition(tree: Any) -> Any:
    match tree:
        case ("not", inner):
            return ~as_condition(inner)
        case ("and", left, right):
            return as_condition(left) & as_condition(right)
        case ("or", left, right):
            return as_condition(left) | as_condition(right)
        case ("owner", _, name):
            return Thing.owner.name == name
        case ("null", field, positive):
            column = getattr(Thing, field)
            return column.is_null() if positive else column.is_not_null()
        case ("in", field, values):
            return getattr(Thing, field).in_(values)
        case ("contains" | "icontains" | "startswith" as test, field, value):
            return getattr(getattr(Thing, field), test)(value)
        case (test, field, value):
            column = getattr(Thing, field)
            return {"eq": column.__eq__, "ne": column.__ne__, "lt": column.__lt__, "ge": column.__ge__}[test](
                value
            )


def holds(tree: Any, row: dict[str, Any]) -> bool | None:
    """What SQL's logic of three values says about a row; None is "unknown"."""
    match tree:
        case ("not", inner):
            result = holds(inner, row)
            return None if result is None else not result
        case ("and", left, right):
            both = (holds(left, row), holds(right, row))
            return False if False in both else None if None in both else True
        case ("or", left, right):
            both = (holds(left, row), holds(right, row))
            return True if True in both else None if None in both else False
        case ("owner", _, name):
            return None if row["owner"] is None else name == "Ann"
        case ("null", field, positive):
            return (row[field.removesuffix("_id")] is None) == positive
    test, field, value = tree
    actual = row[field]
    if actual is None:
        return None
    match test:
        case "in":
            return actual in value
        case "contains":
            return value in actual
        case "icontains":
            return value.lower() in actual.lower()
        case "startswith":
            return actual.startswith(value)
        case "eq":
            return actual == value
        case "ne":
            return actual != value
        case "lt":
            return actual < value
    return actual >= value


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A runner whose loop has an open database with all combinations of values."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('shapes') / 'things.db'}"
    else:
        url = request.getfixturevalue("postgres_database_url")
    database = Database(url)
    with asyncio.Runner() as runner:

        async def begin() -> None:
            await database.open()
            await create_tables(Owner, Thing, using=database)
            await Owner.objects.using(database).create(name="Ann")
            await Thing.objects.using(database).bulk_create(
                [Thing(**{**row, "owner": None}, owner_id=row["owner"]) for row in ROWS]
            )

        runner.run(begin())
        yield runner, database
        runner.run(database.close())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, limit=st.integers(0, 40), offset=st.integers(0, 5), descending=st.booleans())
def test_any_condition_finds_the_rows_that_fulfil_it(
    filled: Any, tree: Any, limit: int, offset: int, descending: bool
) -> None:
    runner, database = filled
    order = Thing.id.desc() if descending else Thing.id.asc()
    query = Thing.objects.using(database).filter(as_condition(tree)).order_by(order)

    async def ask() -> tuple[Any, ...]:
        cut = query.limit(limit).offset(offset)
        return await cut.select(Thing.id), await query.count(), await query.exists(), await cut.count()

    fitting = [number for number, row in enumerate(ROWS, 1) if holds(tree, row)]
    expected = (fitting[::-1] if descending else fitting)[offset : offset + limit]
    assert runner.run(ask()) == (expected, len(fitting), bool(fitting), len(expected))
