"""Vectors: what is stored comes back in single precision, and both databases measure the same distances."""

from __future__ import annotations

import math
import struct
from array import array
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bistro.db import (
    Database,
    DatabaseError,
    Field,
    Index,
    MissingExtension,
    Model,
    ModelError,
    QueryError,
    ValueNotStorable,
    Vector,
    auto,
    cosine_distance,
    create_tables,
    field,
    inner_product,
    l2_distance,
    sync,
    transaction,
)
from tests.db.support import AnyDatabase

DISTANCES = {"l2": l2_distance, "cosine": cosine_distance, "inner": inner_product}


class Picture(
    Model,
    indexes=(
        Index(("look",), using="hnsw", operator_class="vector_cosine_ops", storage=(("m", 8),)),
        Index(("look",), name="ix_inner", using="hnsw", operator_class="vector_ip_ops"),
    ),
):
    id: Field[int] = auto()
    title: Field[str]
    look: Field[Vector | None] = field(dimensions=3)
    taste: Field[Vector | None] = field(dimensions=3)
    small: Field[Vector | None] = field(dimensions=2)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database(request: pytest.FixtureRequest) -> Database:
    kind = {"sqlite": "sqlite_url", "postgresql": "vector_url"}[request.param]
    return AnyDatabase(request.getfixturevalue(kind))


async def make_pictures() -> None:
    await create_tables(Picture)
    looks = {"a": [1, 0, 0], "b": (0.6, 0.8, 0.0), "c": [0.0, -2.0, 0.0], "zero": [0, 0, -0.0], "none": None}
    await Picture.objects.bulk_create([Picture(title=title, look=look) for title, look in looks.items()])  # type: ignore[arg-type]  # a tuple, integers


async def test_each_way_of_writing_stores_a_vector(database: Database) -> None:
    await make_pictures()

    made = await Picture.objects.create(title="d", look=[1.0, 2.0, 3.0])
    made.look = [4.0, 5.0, 6.5]
    await made.save()
    await Picture.objects.filter(Picture.title == "a").update(Picture.small.set([1.0, 2.0]))
    await Picture.objects.bulk_update([made], Picture.look)
    found = {each.title: each for each in await Picture.objects}

    assert found["d"].look == [4.0, 5.0, 6.5]
    assert (found["a"].look, found["a"].small, found["a"].taste) == ([1.0, 0.0, 0.0], [1.0, 2.0], None)
    assert found["b"].look == array("f", [0.6, 0.8, 0.0]).tolist()
    assert found["none"].look is None
    assert found["zero"].look == [0.0, 0.0, 0.0]


async def test_values_of_distances_are_the_same_in_both_databases(database: Database) -> None:
    await make_pictures()
    to = [1.0, 0.0, 0.0]

    async def ask(name: str) -> dict[str, Any]:
        return dict(await Picture.objects.select(Picture.title, DISTANCES[name](Picture.look, to)))

    expected = {
        "l2": {"a": 0, "b": math.sqrt(0.8), "c": math.sqrt(5), "zero": 1, "none": None},
        "cosine": {"a": 0, "b": 0.4, "c": 1, "zero": None, "none": None},
        "inner": {"a": 1, "b": 0.6, "c": 0, "zero": 0, "none": None},
    }
    for name, values in expected.items():
        assert await ask(name) == pytest.approx(values, abs=1e-6), name


async def test_nearest_come_first_and_rows_without_a_distance_last(database: Database) -> None:
    await make_pictures()
    query = Picture.objects.select(Picture.title)
    to = [1.0, 0.1, 0.0]

    assert await query.order_by(l2_distance(Picture.look, to)).limit(2) == ["a", "b"]
    assert await query.order_by(cosine_distance(Picture.look, to), Picture.id) == [
        "a",
        "b",
        "c",
        "zero",
        "none",
    ]
    assert await query.order_by(cosine_distance(Picture.look, to).desc(), Picture.id) == [
        "c",
        "b",
        "a",
        "zero",
        "none",
    ]
    assert await query.order_by(inner_product(Picture.look, to).desc()) == ["a", "b", "zero", "c", "none"]
    assert (await query.order_by(l2_distance(Picture.look, to).asc(nulls="first")))[0] == "none"
    assert await query.order_by(l2_distance(Picture.look, to)).reverse().limit(2) == ["none", "c"]


async def test_distances_filter_and_compare_columns(database: Database) -> None:
    await make_pictures()
    await Picture.objects.filter(Picture.title == "b").update(Picture.taste.set(Picture.look))
    query = Picture.objects.order_by(Picture.id).select(Picture.title)

    assert await query.filter(l2_distance(Picture.look, (1, 0, 0)) < 0.9) == ["a", "b"]
    assert await query.filter(cosine_distance(Picture.look, [1.0, 0.0, 0.0]) > 0.5) == ["c"]
    assert await query.filter(l2_distance(Picture.look, Picture.taste) == 0.0) == ["b"]
    assert await query.filter(Picture.look == [0.0, -2.0, -0.0]) == ["c"]
    assert await query.filter(Picture.look.is_null()) == ["none"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1.0, 2.0], "has 3 numbers, not 2"),
        ([], "has 3 numbers, not 0"),
        ([1.0, 2.0, math.nan], "infinite or not a number"),
        ([1.0, 2.0, -math.inf], "infinite or not a number"),
        ([1.0, 2.0, 1e39], "too large for single precision"),
        ([1.0, 2.0, 10**400], "too large for single precision"),
        ([1.0, 2.0, "3"], "a list of numbers"),
        ([1.0, 2.0, None], "a list of numbers"),
        ("abc", "not str"),
        (b"abc", "not bytes"),
        ({1: 1, 2: 2, 3: 3}, "not dict"),
    ],
)
async def test_what_is_no_such_vector_is_refused(database: Database, value: Any, reason: str) -> None:
    await create_tables(Picture)

    for write in (
        lambda: Picture.objects.create(title="x", look=value),
        lambda: Picture.objects.bulk_create([Picture(title="x", look=value)]),
    ):
        with pytest.raises(ValueNotStorable, match=f"Picture.look: .*{reason}") as caught:
            await write()
        assert caught.value.columns == ("look",)
    with pytest.raises(ValueNotStorable, match=reason):
        await Picture.objects.order_by(l2_distance(Picture.look, value))
    assert await Picture.objects.count() == 0


async def test_the_table_itself_refuses_another_size(database: Database) -> None:
    await create_tables(Picture)
    short = "x'00'" if database.dialect == "sqlite" else "'[1]'"

    with pytest.raises(DatabaseError, match=r"size|expected 3 dimensions"):
        await database.execute(f"insert into picture (title, look) values ('x', {short})")


async def test_questions_without_a_meaning_are_refused(database: Database) -> None:
    await create_tables(Picture)
    for query, what in (
        (Picture.objects.order_by(Picture.look), "no vector is less"),
        (Picture.objects.filter(Picture.look < [1.0, 2.0, 3.0]), "no vector is less"),
        (Picture.objects.filter(Picture.look.between([1.0], [2.0])), "no vector is less"),
        (Picture.objects.filter(Picture.look.in_([[1.0, 2.0, 3.0]])), "not for vectors"),
        (Picture.objects.order_by(l2_distance(Picture.title, [1.0])), "between vectors"),  # type: ignore[call-overload]  # as in a program without types
        (Picture.objects.order_by(l2_distance(Picture.look, Picture.small)), "of 3 and of 2 dimensions"),
    ):
        with pytest.raises(QueryError, match=what):
            await query


@pytest.mark.service
async def test_index_answers_an_order_by_distance(vector_url: str) -> None:
    async with Database(vector_url) as database:
        await make_pictures()
        for distance, index in (
            (cosine_distance(Picture.look, [1.0, 0.0, 0.0]).asc(), "ix_picture_look"),
            (inner_product(Picture.look, [1.0, 0.0, 0.0]).desc(), "ix_inner"),
        ):
            sql, values = Picture.objects.order_by(distance).limit(2).as_sql("postgresql")
            async with transaction(using=database):
                await database.execute("set local enable_seqscan = off")
                await database.execute("set local enable_sort = off")
                plan = await database.fetch(f"explain {sql}", values)
            assert f"Index Scan using {index}" in str(plan)


@pytest.mark.parametrize(
    ("annotation", "options", "what"),
    [
        (Vector, {}, "a Vector needs its size"),
        (Vector, {"dimensions": 0}, "from 1 to 16000"),
        (Vector, {"dimensions": 16001}, "from 1 to 16000"),
        (list[float], {"dimensions": 3}, "dimensions are those of a vector"),
        (Vector, {"dimensions": 3, "encrypted": True}, "distances to what is encrypted"),
    ],
)
def test_vector_fields_that_can_not_be(annotation: Any, options: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=what):

        class Wrong(Model):
            id: Field[int] = auto()
            look: Field[annotation] = field(**options)


def test_hnsw_index_has_to_name_its_distance() -> None:
    with pytest.raises(ModelError, match="which distance"):
        Index(("look",), using="hnsw")
    with pytest.raises(ModelError, match="no name"):
        Index(("look",), using="hnsw", operator_class="a); drop table picture; --")
    with pytest.raises(ModelError, match="no name"):
        Index(("look",), storage=(("m = 1); --", 1),))


# Of single precision, so that they are told back exactly; others are rounded to it.
SINGLE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def url(request: pytest.FixtureRequest) -> str:
    kind = {"sqlite": "sqlite_url", "postgresql": "vector_url"}[request.param]
    return str(request.getfixturevalue(kind))


def test_any_vector_comes_back_as_its_single_precision(url: str) -> None:
    with Database(url) as database:
        sync(create_tables(Picture))

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(SINGLE | st.floats(-1e38, 1e38), min_size=3, max_size=3))
        def comes_back(numbers: list[float]) -> None:
            made = sync(Picture.objects.create(title="x", look=numbers))
            found = sync(Picture.objects.get(Picture.look == numbers, id=made.id))
            assert found.look == list(struct.unpack("<3f", struct.pack("<3f", *numbers)))

        comes_back()
        assert database.dialect in url


@pytest.mark.service
async def test_a_server_without_pgvector_says_what_to_install(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        if await database.fetch("select from pg_available_extensions where name = 'vector'"):
            pytest.skip("this server has pgvector")
        with pytest.raises(MissingExtension, match="vector") as caught:
            await create_tables(Picture)

    assert caught.value.code == "B826"
    assert "github.com/pgvector/pgvector" in caught.value.fix
