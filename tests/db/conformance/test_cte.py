"""`cte` and `join`: queries under a name, and the rows of others beside theirs."""

from __future__ import annotations

import pytest

from bistro.db import Database, Predicate, QueryError, count, max_, scoped, sum_, value
from bistro.db.plan_keys import KeyWriter
from tests.db.conformance.models import Article, Remark, Writer, fill


async def test_rows_stand_beside_those_of_a_query_under_a_name(database: Database) -> None:
    await fill()
    number, views = count(), sum_(Article.views)
    busy = (
        Article.objects.filter(Article.views > 5)
        .select(Article.writer.id, number, views)
        .group_by(Article.writer.id)
        .cte("busy")
    )

    found = (
        await Writer.objects.join(busy, busy[Article.writer.id] == Writer.id)
        .filter(busy[views] > 1, Writer.active == True)  # noqa: E712
        .order_by(busy[number].desc(), Writer.name)
        .select(Writer.name, busy[number], busy[views])
    )

    by_hand = await database.fetch(
        "with busy as (select writer_id, count(*) as n, sum(views) as v from article where views > 5 "
        "group by writer_id) select name, n, v from writer join busy on writer_id = writer.id order by n desc, name"
    )
    assert found == [tuple(row) for row in by_hand]
    assert len(found) == 2


async def test_values_of_both_queries_stay_in_their_places(database: Database) -> None:
    await fill()
    busy = Article.objects.filter(Article.views >= 10, Article.views < 40).limit(5).order_by("id").cte("busy")

    query = (
        Writer.objects.filter(Writer.name != "Cyd")
        .join(busy, (busy[Article.writer.id] == Writer.id) & (busy[Article.views] < 35))
        .filter(Writer.name == "Ann")
    )

    by_hand = await database.fetch(
        "with busy as (select * from article where views >= 10 and views < 40 order by id limit 5) "
        "select title, 7 from writer join busy on writer_id = writer.id and views < 35 where name = 'Ann' "
        "order by busy.id"
    )
    found = await query.order_by(busy[Article.id]).select(busy[Article.title], value(7))
    assert found == [tuple(row) for row in by_hand]
    assert await query.count() == len(found) == 3


async def test_optional_rows_are_none_where_there_are_none(database: Database) -> None:
    await fill()
    last = max_(Remark.text)
    remarks = Remark.objects.select(Remark.article.id, last).group_by(Remark.article.id).cte("remarks")

    query = Article.objects.join(remarks, remarks[Remark.article.id] == Article.id, optional=True)

    found = await query.order_by(Article.id).select(Article.id, remarks[last])
    assert found[:4] == [(1, "second"), (2, None), (3, None), (4, "third")]
    assert len(found) == 10


async def test_a_query_under_a_name_may_have_another_one(database: Database) -> None:
    await fill()
    few = Remark.objects.filter(Remark.hidden == False).cte("few")  # noqa: E712
    articles = (
        Article.objects.join(few, few[Remark.article.id] == Article.id).select(Article.writer.id).distinct()
    )
    writing = articles.cte("writing")

    found = (
        await Writer.objects.join(writing, writing[Article.writer.id] == Writer.id)
        .order_by("id")
        .select(Writer.id)
    )

    assert found == [
        row[0]
        for row in await database.fetch(
            "select distinct writer_id from article where id in (select article_id from remark where not hidden) "
            "order by 1"
        )
    ]


async def test_whole_rows_and_changes_go_by_it_too(database: Database) -> None:
    await fill()
    remarked = Remark.objects.select(Remark.article.id).distinct().cte("remarked")
    query = Article.objects.join(remarked, remarked[Remark.article.id] == Article.id)

    assert [each.writer.name for each in await query.order_by("id").load(Article.writer)] == ["Bob", "Ann"]
    assert await query.update(subtitle="remarked") == 2
    assert await Article.objects.filter(subtitle="remarked").order_by("id").select(Article.id) == [1, 4]


def test_expressions_of_one_form_are_told_apart_by_their_labels() -> None:
    one, two = Article.views + 1, Article.views + 2
    query = Article.objects.select(one, two).cte("both")
    with pytest.raises(QueryError, match="several of that form"):
        query[one]

    first, second = one.label("first"), two.label("second")
    labelled = Article.objects.select(first, second).cte("both")
    assert labelled[first].key != labelled[second].key


@pytest.mark.parametrize("name", ["", "a b", 'x"', "x; drop table note"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(QueryError):
        Article.objects.cte(name)


def test_what_is_not_selected_or_joined_is_refused() -> None:
    busy = Article.objects.select(Article.id).cte("busy")
    with pytest.raises(QueryError, match="does not select that"):
        busy[Article.views]
    with pytest.raises(QueryError, match="join"):
        Writer.objects.filter(busy[Article.id] == Writer.id).as_sql("sqlite")
    joined = Writer.objects.join(busy, busy[Article.id] == Writer.id)
    with pytest.raises(QueryError, match="twice"):
        joined.join(busy, busy[Article.id] == Writer.id).as_sql("sqlite")


async def test_what_holds_for_a_request_holds_in_a_query_under_a_name(database: Database) -> None:
    await fill()
    free = Article.objects.select(Article.writer.id).cte("free")

    with scoped(Article.views > 30):
        narrowed = Article.objects.select(Article.id, Article.writer.id).cte("narrowed")
        query = Writer.objects.join(narrowed, narrowed[Article.writer.id] == Writer.id)
        assert await query.count() == len(await ids(database, "views > 30"))
        with pytest.raises(QueryError, match="outside of scoped"):
            await Writer.objects.join(free, free[Article.writer.id] == Writer.id).count()


def test_plan_is_kept_under_a_key_that_has_the_whole_of_it() -> None:
    def key(name: str, *conditions: Predicate) -> str:
        few = Article.objects.filter(*conditions).cte(name)
        query = Writer.objects.join(few, few[Article.writer.id] == Writer.id)
        return KeyWriter().key(query.shape, "sqlite")

    assert key("few") == key("few")
    assert len({key("few"), key("some"), key("few", Article.views > 3), key("few", Article.views < 3)}) == 4


async def ids(database: Database, condition: str) -> list[int]:
    return [row[0] for row in await database.fetch(f"select id from article where {condition}")]
