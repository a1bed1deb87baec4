"""Loading relations: by joins and by one query for each, nested, filtered and ordered; nothing without being asked."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import msgspec
import pytest

from bistro.db import Database, NotLoaded, QueryError, scoped, together
from bistro.db.peers import _peers
from tests.db.conformance.models import Article, Booking, Folder, Label, Profile, Remark, Seat, Writer, fill
from tests.db.support import rows_of


class Watched:
    """Counts the statements that a database runs."""

    def __init__(self, database: Database) -> None:
        self.statements: list[str] = []
        fetch = database.driver.fetch

        def watch(sql: str, parameters: Any = ()) -> Any:
            self.statements.append(sql)
            return fetch(sql, parameters)

        database.driver.fetch = watch  # type: ignore[method-assign]


async def test_relation_to_one_row_comes_by_a_join(database: Database) -> None:
    await fill()
    watched = Watched(database)

    articles = await Article.objects.load(Article.writer, Article.editor).order_by(Article.id)

    assert len(watched.statements) == 1
    expected = await rows_of(
        database,
        "select a.id, w.name, e.name from article a join writer w on w.id = a.writer_id "
        "left join writer e on e.id = a.editor_id order by a.id",
    )
    found = [(each.id, each.writer.name, each.editor.name if each.editor else None) for each in articles]
    assert found == expected


async def test_relations_to_several_rows_come_by_one_query_each(database: Database) -> None:
    await fill()
    watched = Watched(database)

    articles = await Article.objects.load(Article.labels, Article.remarks).order_by(Article.id)

    assert len(watched.statements) == 3
    assert [sorted(label.name for label in each.labels) for each in articles[:3]] == [
        ["green", "red"],
        ["red"],
        [],
    ]
    assert [sorted(remark.text for remark in each.remarks) for each in articles[:4]] == [
        ["first", "second"], [], [], ["third"],
    ]  # fmt: skip


async def test_relations_are_loaded_through_others(database: Database) -> None:
    await fill()
    watched = Watched(database)

    articles = await Article.objects.load(
        Article.remarks.writer.profile, Article.writer.profile, Article.writer.articles.labels
    ).order_by(Article.id)

    assert len(watched.statements) == 4
    assert articles[0].writer.name == "Bob"
    assert articles[0].writer.profile is None
    assert articles[1].writer.profile.text == "Ann writes"
    assert {remark.writer.name for remark in articles[0].remarks} == {"Ann", "Bob"}
    assert [each.id for each in articles[1].writer.articles[0].labels] == [1]


async def test_query_says_which_rows_of_a_relation_and_in_which_order(database: Database) -> None:
    await fill()

    article = await (
        Article.objects.load(Article.remarks, query=Remark.objects.filter(Remark.hidden == False))  # noqa: E712
        .load(Article.labels, query=Label.objects.order_by(Label.name.desc()))
        .load(Article.writer.articles, query=Article.objects.filter(Article.views > 30).order_by("-views"))
        .get(Article.title == "Home")
    )

    assert [remark.text for remark in article.remarks] == ["first"]
    assert [label.name for label in article.labels] == ["red", "green"]
    assert [each.views for each in article.writer.articles] == [60, 40]


async def test_values_of_nested_relations_own_queries_find_their_places(database: Database) -> None:
    await fill()

    writers = await (
        Writer.objects.filter(Writer.name.in_(["Ann", "Bob"]))
        .load(Writer.articles, query=Article.objects.filter(Article.views < 35).order_by("id"))
        .load(Writer.articles.remarks, query=Remark.objects.filter(Remark.text == "second"))
        .order_by(Writer.name)
    )

    assert [[each.views for each in writer.articles] for writer in writers] == [[10, 30, 0, 20], [0, 20, 10]]
    assert [remark.text for remark in writers[1].articles[0].remarks] == ["second"]
    assert writers[0].articles[1].remarks == []


async def test_limit_of_a_relation_is_one_for_each_row(database: Database) -> None:
    await fill()
    newest = Article.objects.order_by(Article.views.desc(), Article.id)

    writers = await Writer.objects.load(Writer.articles, query=newest.limit(2)).order_by(Writer.id)
    others = await Writer.objects.load(Writer.articles, query=newest.offset(1).limit(1)).order_by(Writer.id)
    labelled = await Label.objects.load(Label.articles, query=Article.objects.limit(1)).order_by(Label.id)

    assert [[each.views for each in writer.articles] for writer in writers] == [[50, 30], [60, 40], []]
    assert [[each.views for each in writer.articles] for writer in others] == [[30], [40], []]
    assert [[each.id for each in label.articles] for label in labelled] == [[1], [1], []]


async def test_relation_by_a_composite_key_is_loaded_both_ways(database: Database) -> None:
    await fill()

    seats = await Seat.objects.load(Seat.bookings).order_by(Seat.row, Seat.number)
    booking = await Booking.objects.load(Booking.seat).get(Booking.guest == "Cyd")

    assert [sorted(each.guest for each in seat.bookings) for seat in seats] == [
        ["Ann", "Bob"],
        [],
        [],
        ["Cyd"],
    ]
    assert (booking.seat.row, booking.seat.number) == ("B", 2)
    assert await Booking.objects.filter(Booking.seat == seats[0]).count() == 2


async def test_reverse_of_one_to_one_is_an_instance_or_none(database: Database) -> None:
    await fill()

    writers = await Writer.objects.load(Writer.profile).order_by(Writer.id)

    assert [writer.profile.text if writer.profile else None for writer in writers] == [
        "Ann writes",
        None,
        None,
    ]
    assert (await Profile.objects.load(Profile.writer).get()).writer.name == "Ann"


async def test_relations_of_instances_that_are_there_are_loaded_later(database: Database) -> None:
    await fill()
    article = await Article.objects.get(Article.title == "Home")
    with pytest.raises(NotLoaded, match="was not loaded"):
        _ = article.writer

    await article.load(Article.writer.profile, Article.labels)

    assert article.writer.name == "Bob"
    assert article.writer.profile is None
    assert len(article.labels) == 2


async def test_json_has_what_was_loaded_and_nothing_else(database: Database) -> None:
    await fill()

    article = await Article.objects.load(Article.writer).get(Article.title == "zoo")

    shown = msgspec.json.decode(msgspec.json.encode(article))
    assert shown["writer"] == {"id": 1, "name": "Ann", "active": True}
    assert "labels" not in shown


async def test_pairs_are_added_once_removed_and_replaced(database: Database) -> None:
    await fill()
    article = await Article.objects.get(Article.title == "Home")
    red, green, blue = await Label.objects.order_by(Label.id)

    async def names() -> list[str]:
        query = Label.objects.filter(Label.articles.id == article.id).order_by(Label.name)
        return await query.select(Label.name)

    await article.add(Article.labels, red, blue)
    assert await names() == ["blue", "green", "red"]
    await article.remove(Article.labels, red, green)
    assert await names() == ["blue"]
    await article.replace(Article.labels, green)
    assert await names() == ["green"]
    await green.remove(Label.articles, article)
    assert await names() == []


async def test_self_relation_is_joined_under_a_name_of_its_own(database: Database) -> None:
    await fill()

    folders = await Folder.objects.load(Folder.parent.parent).order_by(Folder.id)

    assert folders[2].parent.parent.name == "root"
    assert folders[0].parent is None
    assert await Folder.objects.filter(Folder.parent.parent.name == "root").select(Folder.name) == ["leaf"]


async def test_loading_what_is_no_relation_is_refused(database: Database) -> None:
    with pytest.raises(QueryError, match="is no relation"):
        Article.objects.load(Article.title)
    with pytest.raises(QueryError, match="is loaded by a query of Writer"):
        Article.objects.load(Article.remarks, query=Writer.objects)


async def test_loading_beside_a_selection_is_refused(database: Database) -> None:
    with pytest.raises(QueryError, match="whole instances"):
        Article.objects.load(Article.labels).select(Article.title).as_sql()


async def test_rows_that_others_depend_on_go_or_stay_as_the_model_says(database: Database) -> None:
    await fill()

    await Writer.objects.filter(Writer.name == "Cyd").delete()
    await Article.objects.filter(Article.title == "Home").delete()

    assert await Article.objects.filter(Article.editor != None).count() == 0  # noqa: E711
    assert await Remark.objects.count() == 1


async def test_what_one_of_several_loads_all_of_them_have(database: Database) -> None:
    await fill()
    articles = together(await Article.objects.order_by(Article.id))
    watched = Watched(database)
    names = []
    for article in articles:
        await article.load(Article.writer, Article.labels)
        await article.writer.load(Writer.profile)
        names.append((article.writer.name, len(article.labels), article.writer.profile is None))

    assert len(watched.statements) == 3
    loaded = await Article.objects.load(Article.writer.profile, Article.labels).order_by(Article.id)
    assert names == [(each.writer.name, len(each.labels), each.writer.profile is None) for each in loaded]


async def test_several_that_load_at_once_are_one_query(database: Database) -> None:
    await fill()
    articles = together(await Article.objects.all())
    watched = Watched(database)

    await asyncio.gather(*(article.load(Article.editor) for article in articles))

    assert len(watched.statements) == 1


async def test_what_has_changed_is_read_again_and_for_one_alone(database: Database) -> None:
    await fill()
    articles = together(await Article.objects.order_by(Article.id))
    await articles[0].load(Article.labels, Article.writer)
    await articles[1].replace(Article.labels)
    articles[2].writer_id = next(key for key in (1, 2, 3) if key != articles[2].writer_id)
    watched = Watched(database)

    for article in articles:
        await article.load(Article.labels, Article.writer)
        await article.load(Article.labels, Article.writer)

    assert len(watched.statements) == 2
    assert articles[1].labels == []
    assert articles[2].writer.id == articles[2].writer_id


async def test_what_was_read_under_other_conditions_is_read_anew(database: Database) -> None:
    await fill()
    articles = together(await Article.objects.order_by(Article.id))
    await articles[0].load(Article.remarks)
    visible = Remark.objects.filter(Remark.hidden == False)  # noqa: E712
    expected = [await visible.filter(Remark.article == each).count() for each in articles]
    with scoped(Remark.hidden == False):  # noqa: E712
        for article in articles:
            await article.load(Article.remarks)

    assert [len(article.remarks) for article in articles] == expected


async def test_nothing_is_kept_of_instances_that_are_gone(database: Database) -> None:
    await fill()
    articles = together(await Article.objects.all())
    await articles[0].load(Article.writer)
    kept = articles[1]
    del articles
    gc.collect()
    assert len(_peers) == 2  # the article and its writer
    await kept.load(Article.writer)
    del kept
    gc.collect()
    assert not _peers
