"""Orders, limits, aggregates, groups, windows, unions and functions: each as SQL by hand has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bistro.db import Database, ManyFound, NotAllowed, QueryError, RawRows, RowNotFound
from bistro.db.functions import (
    abs_,
    avg,
    case,
    cast,
    coalesce,
    concat,
    count,
    dense_rank,
    first_value,
    function,
    greatest,
    join_text,
    lag,
    lead,
    least,
    length,
    lower,
    matches,
    max_,
    min_,
    now,
    nullif,
    outer,
    part,
    rank,
    replace,
    round_,
    row_number,
    scalar,
    substring,
    sum_,
    trim,
    truncate,
    upper,
    value,
)
from tests.db.conformance.models import BEGIN, Article, Remark, Writer, fill
from tests.db.support import rows_of

# Each of these is selected for the articles in the order of their keys.
EXPRESSIONS: list[tuple[Any, str, str]] = [
    (Article.views + 1, "views + 1", ""),
    (Article.views * 2 - Article.id, "views * 2 - id", ""),
    (lower(Article.title), "lower(title)", ""),
    (upper(Article.title), "upper(title)", ""),
    (length(Article.title), "length(title)", ""),
    (trim(Article.title), "trim(title)", ""),
    (replace(Article.title, "o", "0"), "replace(title, 'o', '0')", ""),
    (substring(Article.title, 2, 3), "substr(title, 2, 3)", ""),
    (concat(Article.title, "-", Article.title), "title || '-' || title", ""),
    (Article.title + "!", "title || '!'", ""),
    (coalesce(Article.subtitle, "none"), "coalesce(subtitle, 'none')", ""),
    (nullif(Article.views, 0), "nullif(views, 0)", ""),
    (abs_(Article.views - 40), "abs(views - 40)", ""),
    (greatest(Article.views, Article.id), "greatest(views, id)", "max(views, id)"),
    (least(Article.views, Article.id), "least(views, id)", "min(views, id)"),
    (cast(Article.views, str), "cast(views as text)", ""),
    (round_(cast(Article.views, float) / 3.0, 1), "cast(round(cast(views as numeric) / 3.0, 1) as double precision)",
     "round(views / 3.0, 1)"),
    (case((Article.views > 50, "many"), (Article.views > 20, "some"), default="few"),
     "case when views > 50 then 'many' when views > 20 then 'some' else 'few' end", ""),
    (function("char_length", Article.title, returns=int), "char_length(title)", "length(title)"),
    (row_number().over(order_by=Article.views.desc()), "row_number() over (order by views desc)", ""),
    (rank().over(order_by=Article.views), "rank() over (order by views)", ""),
    (dense_rank().over(partition_by=Article.writer_id, order_by=Article.views),  # type: ignore[attr-defined]
     "dense_rank() over (partition by writer_id order by views)", ""),
    (lag(Article.views).over(order_by=Article.id), "lag(views) over (order by id)", ""),
    (lead(Article.views).over(order_by=Article.id), "lead(views) over (order by id)", ""),
    (first_value(Article.views).over(order_by=Article.id.desc()), "first_value(views) over (order by id desc)", ""),
    (sum_(Article.views).over(order_by=Article.id), "sum(views) over (order by id)", ""),
    (scalar(Remark.objects.filter(Remark.article.id == outer(Article.id)).select(count())),
     "(select count(*) from remark where article_id = article.id)", ""),
]  # fmt: skip


async def test_every_expression_is_computed_as_sql_by_hand_computes_it(database: Database) -> None:
    await fill()

    for expression, by_hand, in_sqlite in EXPRESSIONS:
        sql = (in_sqlite if database.dialect == "sqlite" else "") or by_hand
        expected = [row[0] for row in await database.fetch(f"select {sql} from article order by id")]
        assert await Article.objects.order_by(Article.id).select(expression) == expected, by_hand


async def test_parts_of_times_are_those_in_utc(database: Database) -> None:
    await fill()
    moment = Article.written_at
    parts = [
        part(moment, name)
        for name in ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "weekday")
    ]

    row = await Article.objects.filter(Article.title == "Home").select(*parts).get()

    assert row == (2025, 1, 1, 5, 30, 22, 30, 0, 4)
    assert await Article.objects.filter(Article.id == 1).select(truncate(moment, "day")) == [
        datetime(2025, 1, 30, tzinfo=UTC)
    ]
    assert await Article.objects.filter(Article.id == 1).select(truncate(moment, "hour")) == [
        datetime(2025, 1, 30, 22, tzinfo=UTC)
    ]


async def test_lengths_of_time_are_added_where_the_database_can(database: Database) -> None:
    await fill()
    query = Article.objects.filter(Article.written_at + timedelta(hours=7) <= BEGIN + timedelta(hours=14))

    if database.dialect == "sqlite":
        with pytest.raises(QueryError, match="can't add to times"):
            await query
    else:
        assert await query.count() == 2
        assert await query.filter(Article.written_at - timedelta(days=1) < BEGIN).count() == 2


async def test_now_is_the_time_of_the_statement(database: Database) -> None:
    await fill()
    before = datetime.now(UTC)

    found = await Article.objects.limit(1).select(now())

    assert abs((found[0] - before).total_seconds()) < 60
    assert await Article.objects.filter(Article.written_at < now()).count() == 10


async def test_aggregates_over_all_rows(database: Database) -> None:
    await fill()

    found = await Article.objects.aggregate(
        count(), sum_(Article.views), min_(Article.views), max_(Article.title), count(Article.subtitle),
        count(Article.writer.name, distinct=True), sum_(Article.views).where(Article.published == True),  # noqa: E712
    )  # fmt: skip

    (expected,) = await rows_of(
        database,
        "select count(*), sum(views), min(views), max(title), count(subtitle), count(distinct writer_id), "
        "sum(case when published then views end) from article",
    )
    assert found == expected
    assert await Article.objects.aggregate(avg(Article.views)) == pytest.approx(24)
    assert await Article.objects.filter(Article.id < 0).aggregate(sum_(Article.views)) is None


async def test_groups_are_counted_filtered_and_ordered(database: Database) -> None:
    await fill()

    found = await (
        Article.objects.select(Article.writer.name, count(), max_(Article.views))
        .group_by(Article.writer.name)
        .having(count() > 1)
        .order_by(Article.writer.name.desc())
    )

    assert found == await rows_of(
        database,
        "select w.name, count(*), max(views) from article join writer w on w.id = writer_id "
        "group by w.name having count(*) > 1 order by w.name desc",
    )


async def test_model_is_selected_beside_what_is_counted_of_its_relations(database: Database) -> None:
    await fill()

    found = (
        await Writer.objects.select(Writer, count(Writer.articles.id)).group_by(Writer.id).order_by(Writer.id)
    )

    assert [(writer.name, number) for writer, number in found] == [("Ann", 5), ("Bob", 5), ("Cyd", 0)]


async def test_relation_is_selected_as_an_instance(database: Database) -> None:
    await fill()

    found = await Article.objects.filter(Article.id <= 2).order_by("id").select(Article.title, Article.editor)

    assert [(title, editor.name if editor else None) for title, editor in found] == [
        ("Home", "Cyd"),
        ("100% sure", None),
    ]


async def test_texts_are_joined(database: Database) -> None:
    await fill()

    joined = await Writer.objects.aggregate(join_text(Writer.name, "+"))

    assert sorted(joined.split("+")) == ["Ann", "Bob", "Cyd"]


async def test_orders_by_several_columns_relations_and_nulls(database: Database) -> None:
    await fill()
    by_writer = Article.objects.order_by(Article.writer.name, Article.views.desc(), "id")

    assert await by_writer.select(Article.id) == [
        row[0]
        for row in await database.fetch(
            "select a.id from article a join writer w on w.id = writer_id order by w.name, views desc, a.id"
        )
    ]
    for nulls in ("first", "last"):
        found = await Article.objects.order_by(Article.subtitle.asc(nulls=nulls), Article.id).select(
            Article.id
        )
        assert found == [
            row[0]
            for row in await database.fetch(f"select id from article order by subtitle asc nulls {nulls}, id")
        ]
        turned = Article.objects.order_by(Article.subtitle.asc(nulls=nulls), Article.id).reverse()
        assert await turned.select(Article.id) == found[::-1]


async def test_limits_and_offsets(database: Database) -> None:
    await fill()
    ordered = Article.objects.order_by(Article.id).select(Article.id)

    assert await ordered.limit(3) == [1, 2, 3]
    assert await ordered.limit(3).offset(2) == [3, 4, 5]
    assert await ordered.offset(8) == [9, 10]
    assert await ordered.limit(0) == []
    assert await Article.objects.limit(3).count() == 3


async def test_first_and_last_go_by_the_key_or_the_order(database: Database) -> None:
    await fill()

    first, last = await Article.objects.first(), await Article.objects.last()
    most = await Article.objects.order_by(Article.views).last()

    assert (first and first.id, last and last.id, most and most.views) == (1, 10, 60)
    assert await Article.objects.filter(Article.id < 0).first() is None


async def test_get_wants_one_row_and_find_at_most_one(database: Database) -> None:
    await fill()

    assert (await Article.objects.get(Article.title == "zoo")).title == "zoo"
    assert (await Article.objects.get(title="zoo", views__gt=1)).title == "zoo"
    assert await Article.objects.find(Article.title == "nope") is None
    with pytest.raises(RowNotFound, match="there is no such Article"):
        await Article.objects.get(Article.title == "nope")
    with pytest.raises(ManyFound):
        await Article.objects.get(Article.views < 50)
    with pytest.raises(ManyFound):
        await Article.objects.find()


async def test_rows_that_are_equal_come_once(database: Database) -> None:
    await fill()

    assert sorted(await Article.objects.select(Article.writer.name).distinct()) == ["Ann", "Bob"]
    assert await Article.objects.select(Article.writer.name).distinct().count() == 2


async def test_distinct_on_keeps_the_first_row_of_each(database: Database) -> None:
    await fill()
    query = Article.objects.distinct(Article.writer.name).order_by(Article.writer.name, Article.views.desc())

    if database.dialect == "sqlite":
        with pytest.raises(QueryError, match="no DISTINCT ON"):
            await query
    else:
        assert [article.views for article in await query] == [50, 60]


async def test_unions_intersections_and_differences(database: Database) -> None:
    await fill()
    few, many = Article.objects.filter(Article.views < 30), Article.objects.filter(Article.views > 10)

    async def views(query: Any) -> list[int]:
        return [article.views for article in await query.order_by(Article.views, Article.id)]

    everything = sorted(number * 10 % 70 for number in range(10))
    assert await views(few.union(many)) == everything
    assert await views(few.union(many, all=True)) == sorted([*everything, 20, 20])
    assert await views(few.intersect(many)) == [20, 20]
    assert await views(few.difference(many)) == [0, 0, 10, 10]
    assert await few.union(many).count() == 10
    assert await views(few.union(many.order_by(Article.id.desc()).limit(1), all=True)) == [
        0,
        0,
        10,
        10,
        20,
        20,
        20,
    ]
    with pytest.raises(QueryError, match="before a union"):
        await few.limit(1).union(many)
    names = Article.objects.select(Article.title).union(Writer.objects.select(Writer.name))
    assert len(await names) == 13


async def test_values_are_selected_as_they_are(database: Database) -> None:
    await fill()

    assert await Article.objects.limit(1).select(value(5), value("x"), value(True)) == [(5, "x", True)]


async def test_rows_are_read_in_batches(database: Database) -> None:
    await fill()

    found = [
        each.id
        async for each in Article.objects.order_by(Article.id).load(Article.writer).iterate(batch_size=3)
    ]

    assert found == list(range(1, 11))
    assert [each.id async for each in Article.objects.order_by(Article.id)] == found


async def test_rows_come_from_sql_of_ones_own(database: Database) -> None:
    await fill()

    found = await Article.objects.raw(
        "select {columns} from article where title = {title} and written_at < {until} and '{{' = '{{'",
        title="Home", until=datetime(2030, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    assert [(article.title, article.published) for article in found] == [("Home", False)]
    with pytest.raises(QueryError, match=r"there is no value for \{title\}"):
        await Article.objects.raw("select {columns} from article where title = {title}")
    with pytest.raises(QueryError, match="is no name of a value"):
        await Article.objects.raw("select {title.x}", title="x")


async def test_rows_of_several_models_come_from_sql_of_ones_own(database: Database) -> None:
    await fill()
    both = RawRows(
        "select {Article}, {Writer} from article left join writer "
        "on writer.id = article.writer_id and writer.name = {name} where article.id = {id}",
        Article,
        optional=Writer,
    )

    writer = (await Article.objects.load(Article.writer).get(Article.id == 1)).writer
    found = await both.fetch(id=1, name=writer.name)
    missed = await both.fetch(id=1, name="nobody")

    assert [(article.id, joined) for article, joined in found] == [(1, writer)]
    assert [(article.id, joined) for article, joined in missed] == [(1, None)]
    assert await both.fetch(id=999, name="nobody") == []


async def test_plan_of_the_database_is_shown(database: Database) -> None:
    await fill()

    assert "article" in await Article.objects.filter(Article.views > 3).explain()
    assert "article" in await Article.objects.explain(analyze=True)


async def test_rows_are_locked_where_the_database_can(database: Database) -> None:
    await fill()
    query = Article.objects.load(Article.editor).for_update(skip_locked=True)

    sql, _ = query.as_sql()

    assert ("FOR UPDATE OF article SKIP LOCKED" in sql) == (database.dialect == "postgresql")
    assert len(await query) == 10


async def test_words_are_found_in_several_columns_where_the_database_can(database: Database) -> None:
    await fill()
    query = Article.objects.filter(matches((Article.title, Article.subtitle), "home -again"))

    if database.dialect == "sqlite":
        with pytest.raises(QueryError, match="no full-text search"):
            await query
    else:
        assert [article.title for article in await query] == ["Home"]
        assert await Article.objects.filter(matches(Article.title, '"home again"')).count() == 1
        assert await Article.objects.filter(matches(Article.title, "x' & | ! (")).count() == 0


async def test_query_has_no_truth_before_it_is_asked(database: Database) -> None:
    with pytest.raises(QueryError, match="neither true nor false"):
        _ = not Article.objects.filter(Article.views > 3)


def test_mistakes_in_building_are_told_at_once() -> None:
    with pytest.raises(QueryError, match="is no number of rows"):
        Article.objects.limit(1.5)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        Article.objects.limit(-1)
    with pytest.raises(QueryError, match="nothing"):
        Article.objects.select()
    with pytest.raises(QueryError, match="nulls goes"):
        Article.title.asc(nulls="up")
    with pytest.raises(QueryError, match="is no part of a time"):
        part(Article.written_at, "year' OR 1=1")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="is no unit"):
        truncate(Article.written_at, "year' OR 1=1")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="can't be a name"):
        function('x"; drop', returns=int)
    with pytest.raises(QueryError, match="can't be a name"):
        Article.title.label('x" FROM article --')


def test_union_is_ordered_by_what_is_selected() -> None:
    titles = Article.objects.select(Article.title).union(Writer.objects.select(Writer.name))

    assert (
        titles.order_by(Article.title.desc(nulls="last"))
        .as_sql("sqlite")[0]
        .endswith("ORDER BY 1 DESC NULLS LAST")
    )
    with pytest.raises(QueryError, match="what is selected"):
        titles.order_by(Article.views).as_sql("sqlite")
