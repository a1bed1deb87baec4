"""`scoped(…)`: every query of a model has its conditions, and no new row can be outside of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    Model,
    QueryError,
    Related,
    RowNotFound,
    Unique,
    auto,
    create_tables,
    field,
    related,
    scoped,
    transaction,
    unscoped,
)
from bistro.db.functions import count, exists, outer, scalar


class Tenant(Model):
    id: Field[int] = auto()
    name: Field[str]
    papers: Related[Paper] = related()


class Paper(Model, constraints=(Unique(("tenant_id", "title")),)):
    id: Field[int] = auto()
    tenant: ForeignKey[Tenant]
    title: Field[str]
    size: Field[int] = field(default=1)
    lines: Related[Line] = related()


class Line(Model):
    id: Field[int] = auto()
    paper: ForeignKey[Paper]
    tenant_id: Field[int]
    text: Field[str]


async def fill() -> tuple[Tenant, Tenant]:
    await create_tables(Tenant, Paper, Line)
    ours, theirs = await Tenant.objects.bulk_create([Tenant(name="ours"), Tenant(name="theirs")])
    papers = await Paper.objects.bulk_create(
        [Paper(tenant=tenant, title=title) for tenant in (ours, theirs) for title in ("a", "b")]
    )
    await Line.objects.bulk_create(
        [
            Line(paper=paper, tenant_id=paper.tenant_id, text=f"{paper.tenant_id}{paper.title}")
            for paper in papers
        ]
    )
    return ours, theirs


async def test_every_way_of_asking_finds_only_what_is_inside(database: Database) -> None:
    ours, theirs = await fill()
    query = Paper.objects.order_by(Paper.id)
    foreign = await Paper.objects.filter(Paper.tenant_id == theirs.id).first()
    assert foreign is not None

    with scoped(Paper.tenant_id == ours.id):
        assert [each.tenant_id for each in await query] == [ours.id] * 2
        assert [each.tenant_id async for each in query.iterate(batch_size=1)] == [ours.id] * 2
        assert await query.count() == 2
        assert await query.select(Paper.title) == ["a", "b"]
        assert await Paper.objects.aggregate(count()) == 2
        assert await Paper.objects.group_by(Paper.title).order_by(Paper.title).select(
            Paper.title, count()
        ) == [
            ("a", 1),
            ("b", 1),
        ]
        assert (await query.page(1, size=5)).total == 2
        assert not await query.filter(Paper.id == foreign.id).exists()
        assert await query.find(Paper.id == foreign.id) is None
        assert await query.find(id=foreign.id) is None
        assert (await query.last()) != foreign
        with pytest.raises(RowNotFound):
            await query.get(Paper.id == foreign.id)
        assert len(await query.union(Paper.objects.filter(Paper.tenant_id == theirs.id))) == 2
        assert len(await Tenant.objects) == 2  # another model
    assert await query.count() == 4


async def test_subqueries_are_inside_as_well(database: Database) -> None:
    ours, _ = await fill()
    tenants = Tenant.objects.order_by(Tenant.id)

    with scoped(Paper.tenant_id == ours.id):
        papers = Paper.objects.filter(Paper.tenant_id == outer(Tenant.id))
        assert await tenants.filter(Tenant.id.in_(Paper.objects.select(Paper.tenant_id))) == [ours]
        assert await tenants.filter(exists(papers)) == [ours]
        assert await tenants.select(Tenant.name, scalar(papers.select(count()))) == [
            ("ours", 2),
            ("theirs", 0),
        ]


async def test_a_subquery_built_outside_is_refused(database: Database) -> None:
    ours, _ = await fill()
    query = Tenant.objects.filter(exists(Paper.objects.filter(Paper.tenant_id == outer(Tenant.id))))
    loading = Tenant.objects.load(Tenant.papers, query=Paper.objects.order_by(Paper.id))

    with scoped(Paper.tenant_id == ours.id):
        for each in (query, loading, Paper.objects.union(Paper.objects)):
            with_scope: Any = each
            if each.shape.table is Paper.__table_info__:
                assert len(await with_scope) == 2
                continue
            with pytest.raises(QueryError, match=r"query of Paper within another .* outside of scoped"):
                await with_scope


async def test_relations_lead_only_to_what_is_inside(database: Database) -> None:
    ours, theirs = await fill()
    stranger = await Line.objects.create(
        paper=await Paper.objects.filter(Paper.tenant_id == theirs.id).first(), tenant_id=ours.id, text="x"
    )
    loading = Tenant.objects.order_by(Tenant.id).load(Tenant.papers.lines)

    with scoped(Paper.tenant_id == ours.id, Line.text == f"{ours.id}a"):
        first, second = await loading
        assert [len(first.papers), len(second.papers)] == [2, 0]
        assert sum(len(each.lines) for each in first.papers) == 1
        await first.load(Tenant.papers)
        await second.load(Tenant.papers.lines)
        assert [len(first.papers), len(second.papers)] == [2, 0]
    with scoped(Paper.tenant_id == ours.id):
        line = await Line.objects.load(Line.paper).get(Line.id == stranger.id)
        assert line.paper is None
    assert [len(each.papers) for each in await loading] == [2, 2]


async def test_changes_reach_only_what_is_inside(database: Database) -> None:
    ours, theirs = await fill()
    foreign = await Paper.objects.filter(Paper.tenant_id == theirs.id).first()
    assert foreign is not None

    with scoped(Paper.tenant_id == ours.id):
        assert await Paper.objects.update(size=7) == 2
        assert await Paper.objects.update(Paper.size.set(Paper.size + 1)) == 2
        foreign.title = "taken"
        with pytest.raises((RowNotFound, QueryError)):
            await foreign.save()
        with pytest.raises(RowNotFound):
            await foreign.save("title")
        with pytest.raises(RowNotFound):
            await foreign.delete()
        with pytest.raises(RowNotFound):
            await foreign.refresh()
        assert await Line.objects.delete() == 4  # before their papers
        assert await Paper.objects.delete() == 2
    assert sorted(await Paper.objects.select(Paper.size)) == [1, 1]


async def test_new_rows_are_inside(database: Database) -> None:
    ours, theirs = await fill()

    with scoped(Paper.tenant_id == ours.id):
        assert (await Paper.objects.create(title="c")).tenant_id == ours.id
        made = await Paper.objects.bulk_create([Paper(title="d"), Paper(title="e", tenant=ours)])
        assert {each.tenant_id for each in made} == {ours.id}
        assert (await Paper.objects.upsert(on=(Paper.tenant_id, Paper.title), title="a", size=5)).size == 5
        for wrong in ({"tenant_id": theirs.id}, {"tenant": theirs}):
            with pytest.raises(QueryError, match=r"Paper.tenant_id = \d+ is outside"):
                await Paper.objects.create(title="f", **wrong)
            with pytest.raises(QueryError, match=r"is outside"):
                await Paper.objects.bulk_create([Paper(title="f"), Paper(title="g", **wrong)])
            with pytest.raises(QueryError, match=r"is outside"):
                await Paper.objects.update(**wrong)
        with pytest.raises(QueryError, match=r"is outside"):
            await Paper.objects.update(Paper.tenant_id.set(Paper.tenant_id + 1))
        with pytest.raises(QueryError, match="upsert of Paper could change a row outside"):
            await Paper.objects.upsert(on=Paper.id, id=4, title="mine")
    assert await Paper.objects.filter(Paper.tenant_id == theirs.id).count() == 2


async def test_scopes_add_up_and_can_be_lifted(database: Database) -> None:
    ours, theirs = await fill()

    with scoped(Paper.tenant_id == ours.id), scoped(Paper.title == "a", Tenant.id == ours.id):
        assert await Paper.objects.count() == 1
        async with transaction():
            assert await Paper.objects.count() == 1
        with unscoped(Paper):
            assert (await Paper.objects.count(), await Tenant.objects.count()) == (4, 1)
        with unscoped():
            assert (await Paper.objects.count(), await Tenant.objects.count()) == (4, 2)
        with scoped(Paper.tenant_id == theirs.id):
            assert await Paper.objects.count() == 0
    assert await Paper.objects.count() == 4


async def test_tasks_have_scopes_of_their_own(database: Database) -> None:
    ours, theirs = await fill()
    both = asyncio.Barrier(2)

    async def titles_of(tenant: Tenant) -> set[int]:
        scoped(Paper.tenant_id == tenant.id).enter()
        await both.wait()
        return set(await Paper.objects.select(Paper.tenant_id))

    assert await asyncio.gather(titles_of(ours), titles_of(theirs)) == [{ours.id}, {theirs.id}]
    assert await Paper.objects.count() == 4


async def test_a_scope_may_be_any_condition_on_one_model(database: Database) -> None:
    ours, _ = await fill()

    with scoped(Paper.tenant.name.contains("our"), (Line.tenant_id == ours.id) | (Line.text == "")):
        assert {each.tenant_id for each in await Paper.objects} == {ours.id}
        assert await Line.objects.count() == 2
    with pytest.raises(QueryError, match="columns of one model"):
        scoped((Paper.id == 1) & (Line.id == 1)).enter()
