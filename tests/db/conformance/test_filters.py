"""Conditions: each, in both ways of writing it, finds what the SQL beside it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    Model,
    Predicate,
    QueryError,
    Related,
    auto,
    create_tables,
    related,
)
from bistro.db.functions import any_of, exists, outer
from tests.db.conformance.models import BEGIN, Article, Folder, Remark, Writer, fill

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)
CASES: list[tuple[Any, dict[str, Any] | None, str]] = [
    (Article.views == 20, {"views": 20}, "views = 20"),
    (Article.views != 20, {"views__not": 20}, "views <> 20"),
    (Article.views > 20, {"views__gt": 20}, "views > 20"),
    (Article.views >= 20, {"views__gte": 20}, "views >= 20"),
    (Article.views < 20, {"views__lt": 20}, "views < 20"),
    (Article.views <= 20, {"views__lte": 20}, "views <= 20"),
    (Article.views.between(10, 30), {"views__range": (10, 30)}, "views between 10 and 30"),
    (Article.views.in_([0, 30, 99]), {"views__in": [0, 30, 99]}, "views in (0, 30, 99)"),
    (Article.views.in_([]), {"views__in": []}, "1 = 0"),
    (Article.views.not_in([0, 30]), None, "views not in (0, 30)"),
    (Article.title.in_(["Home", "zoo"]), {"title__in": ["Home", "zoo"]}, "title in ('Home', 'zoo')"),
    (Article.subtitle == None, {"subtitle__isnull": True}, "subtitle is null"),  # noqa: E711
    (Article.subtitle != None, {"subtitle__isnull": False}, "subtitle is not null"),  # noqa: E711
    (Article.subtitle.is_null(), {"subtitle": None}, "subtitle is null"),
    (Article.subtitle == "sub 3", {"subtitle": "sub 3"}, "subtitle = 'sub 3'"),
    (Article.published == True, {"published": True}, "published"),  # noqa: E712
    (Article.published == False, {"published": False}, "not published"),  # noqa: E712
    (Article.title == "", {"title": ""}, "title = ''"),
    (Article.title.contains("ome"), {"title__contains": "ome"}, "title in ('Home', 'home again')"),
    (Article.title.contains("%"), {"title__contains": "%"}, "title = '100% sure'"),
    (Article.title.contains("_"), {"title__contains": "_"}, "title = 'under_score'"),
    (Article.title.contains("\\"), {"title__contains": "\\"}, "title = 'Back\\slash'"),
    (Article.title.contains("[a-c]*?"), {"title__contains": "[a-c]*?"}, "id = 6"),
    (Article.title.startswith("Ho"), {"title__startswith": "Ho"}, "title = 'Home'"),
    (Article.title.endswith("e"), {"title__endswith": "e"}, "title in ('Home', '100% sure', 'under_score', 'Ünïcode')"),
    (Article.title.icontains("HOME"), {"title__icontains": "HOME"}, "title in ('Home', 'home again')"),
    (Article.title.icontains("%"), {"title__icontains": "%"}, "title = '100% sure'"),
    (Article.title.icontains("_"), {"title__icontains": "_"}, "title = 'under_score'"),
    (Article.title.icontains("\\"), {"title__icontains": "\\"}, "title = 'Back\\slash'"),
    (Article.title.icontains("ÜNÏ"), {"title__icontains": "ÜNÏ"}, "title = 'Ünïcode'"),
    (Article.title.istartswith("ünÏ"), {"title__istartswith": "ünÏ"}, "title = 'Ünïcode'"),
    (Article.title.iendswith("ïCODE"), {"title__iendswith": "ïCODE"}, "title = 'Ünïcode'"),
    (Article.title.iexact("ÜnÏcode"), {"title__iexact": "ÜnÏcode"}, "title = 'Ünïcode'"),
    (Article.title.icontains("É%"), {"title__icontains": "É%"}, "1 = 0"),
    (~Article.title.icontains("ÜNÏ"), None, "title <> 'Ünïcode'"),
    (Article.subtitle.icontains("É"), {"subtitle__icontains": "É"}, "1 = 0"),
    (Article.title.icontains(Article.title), None, "1 = 1"),
    (Article.title.istartswith("z"), {"title__istartswith": "z"}, "title in ('Zebra', 'zoo')"),
    (Article.title.iendswith("ZOO"), {"title__iendswith": "ZOO"}, "title = 'zoo'"),
    (Article.title.iexact("ZEBRA"), {"title__iexact": "ZEBRA"}, "title = 'Zebra'"),
    (Article.subtitle.contains("3"), {"subtitle__contains": "3"}, "subtitle = 'sub 3'"),
    (Article.written_at > NOON, {"written_at__gt": NOON}, "id > 2"),
    (Article.written_at == BEGIN, {"written_at": BEGIN}, "id = 1"),
    (Article.views == Article.id * 10 - 10, None, "views = id * 10 - 10"),
    (Article.views + 5 > 40, None, "views + 5 > 40"),
    (-Article.views < -50, None, "-views < -50"),
    (Article.views % 20 == 0, None, "views % 20 = 0"),
    (Article.views / 20 == 1, None, "views / 20 = 1"),
    (100 - Article.views > 60, None, "100 - views > 60"),
    ((Article.views > 10) & (Article.views < 40), None, "views > 10 and views < 40"),
    ((Article.views < 10) | (Article.title == "zoo"), None, "views < 10 or title = 'zoo'"),
    (~(Article.views > 10), None, "not views > 10"),
    (~((Article.views > 10) & Article.title.startswith("z")), None, "not (views > 10 and title in ('zoo'))"),
    (Article.writer.name == "Ann", {"writer__name": "Ann"}, "writer_id = 1"),
    (Article.writer.id == 2, {"writer__id": 2}, "writer_id = 2"),
    (Article.editor.name == "Cyd", {"editor__name": "Cyd"}, "editor_id = 3"),
    (Article.editor.id.is_null(), {"editor__isnull": True}, "editor_id is null"),
    (Article.writer.active == True, {"writer__active": True}, "1 = 1"),  # noqa: E712
    (Article.labels.name == "red", {"labels__name": "red"}, "id in (1, 2)"),
    (Article.labels.name.in_(["red", "green"]), {"labels__name__in": ["red", "green"]}, "id in (1, 2)"),
    (~(Article.labels.name == "green"), None, "id <> 1"),
    (Article.remarks.text.startswith("f"), {"remarks__text__startswith": "f"}, "id = 1"),
    (Article.remarks.writer.name == "Bob", {"remarks__writer__name": "Bob"}, "id in (1, 4)"),
    (any_of(Article.remarks), {"remarks__isnull": False}, "id in (1, 4)"),
    (Article.remarks == None, {"remarks__isnull": True}, "id not in (1, 4)"),  # noqa: E711
    (Article.labels != None, {"labels__isnull": False}, "id in (1, 2)"),  # noqa: E711
    (any_of(Article.remarks, Remark.hidden == True, Remark.text == "first"), None, "1 = 0"),  # noqa: E712
    (any_of(Article.remarks, Remark.hidden == True, Remark.writer.name == "Bob"), None, "id = 1"),  # noqa: E712
    (exists(Remark.objects.filter(Remark.article_id == outer(Article.id))), None, "id in (1, 4)"),  # type: ignore[attr-defined]
    (Article.id.in_(Remark.objects.select(Remark.article.id)), None, "id in (1, 4)"),
    (Article.writer.id.in_(Writer.objects.filter(Writer.name == "Bob").select(Writer.id)), None, "writer_id = 2"),
    (Article.writer.profile.text == "Ann writes", {"writer__profile__text": "Ann writes"}, "writer_id = 1"),
]  # fmt: skip


async def ids(database: Database, condition: str) -> list[int]:
    return [row[0] for row in await database.fetch(f"select id from article where {condition} order by id")]


async def test_every_condition_finds_what_sql_by_hand_finds(database: Database) -> None:
    await fill()

    for condition, lookup, by_hand in CASES:
        expected = await ids(database, by_hand)
        assert await Article.objects.filter(condition).order_by(Article.id).select(Article.id) == expected, (
            by_hand
        )
        if lookup is not None:
            found = await Article.objects.filter(**lookup).order_by("id").select(Article.id)
            assert found == expected, lookup


async def test_conditions_of_several_filters_all_hold(database: Database) -> None:
    await fill()

    query = (
        Article.objects.filter(Article.views > 10).filter(Article.writer.name == "Ann").exclude(title="zoo")
    )

    expected = await ids(database, "views > 10 and writer_id = 1 and title <> 'zoo'")
    assert [article.id for article in await query.order_by(Article.id)] == expected


async def test_exclude_leaves_out_rows_that_fulfil_all(database: Database) -> None:
    await fill()

    query = Article.objects.exclude(Article.views > 10, Article.published == True)  # noqa: E712

    assert await query.order_by("id").select(Article.id) == await ids(
        database, "not (views > 10 and published)"
    )


async def test_relation_is_compared_with_an_instance(database: Database) -> None:
    await fill()
    cyd = await Writer.objects.get(Writer.name == "Cyd")

    assert await Article.objects.filter(Article.editor == cyd).count() == 2
    assert await Article.objects.filter(Article.editor != cyd).count() == 0
    assert await Article.objects.filter(editor=cyd).count() == 2
    assert await Article.objects.filter(editor=None).count() == 8


async def test_rows_below_and_above_one_in_a_tree_are_found(database: Database) -> None:
    await fill()
    inner = Folder.objects.filter(Folder.name == "inner")

    below = await inner.tree(Folder.parent).order_by(Folder.name)
    above = await inner.tree(Folder.parent, down=False).order_by(Folder.name)

    assert [folder.name for folder in below] == ["inner", "leaf"]
    assert [folder.name for folder in above] == ["inner", "root"]
    assert await inner.tree(Folder.parent).filter(Folder.name == "leaf").count() == 1


async def test_tree_with_a_circle_ends(database: Database) -> None:
    await fill()
    root, leaf = [await Folder.objects.get(name=name) for name in ("root", "leaf")]
    root.parent = leaf
    await root.save()

    assert await Folder.objects.filter(name="leaf").tree(Folder.parent).count() == 3


@pytest.mark.parametrize(
    ("lookup", "near"),
    [
        ({"titel": "x"}, "'title'"),
        ({"title__contain": "x"}, "'contains'"),
        ({"writer__nme": "x"}, "'name'"),
        ({"writer__name__nope__gt": 1}, ""),
        ({"views__icontains": "1"}, "integer"),
        ({"writer__gt": 1}, "instance"),
        ({"_connector": "OR 1=1 OR"}, ""),
        ({"": 1}, ""),
        ({"title__": 1}, ""),
    ],
)
def test_unknown_lookup_is_refused_with_the_nearest_name(lookup: dict[str, Any], near: str) -> None:
    with pytest.raises(QueryError) as caught:
        Article.objects.filter(**lookup)

    assert near in str(caught.value)


def test_condition_has_no_truth_so_that_and_and_or_are_noticed() -> None:
    with pytest.raises(QueryError, match=r"Write & \| ~"):
        _ = Article.views > 1 and Article.views < 3
    with pytest.raises(QueryError, match=r"Write & \| ~"):
        _ = 1 < Article.views < 3


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(QueryError, match="is no condition"):
        Article.objects.filter(True)
    with pytest.raises(QueryError, match="neither less nor more"):
        _ = Article.views > None


async def test_column_of_another_model_is_refused(database: Database) -> None:
    with pytest.raises(QueryError, match="is no column of Article"):
        Article.objects.filter(Writer.name == "x").as_sql()


def test_predicates_are_expressions() -> None:
    assert isinstance(Article.views == 1, Predicate)


async def test_relation_within_any_of_is_that_of_its_own_rows(database: Database) -> None:
    # A remark of Ann's at an article of Bob's, and the other way round: the two were taken for one another.
    await fill()

    by_ann = await Article.objects.filter(any_of(Article.remarks, Remark.writer.name == "Ann")).select(
        Article.id
    )

    assert by_ann == await ids(database, "id in (select article_id from remark where writer_id = 1)") == [1]


async def test_relation_within_a_subquery_is_told_from_the_same_one_outside(database: Database) -> None:
    await fill()
    own = Remark.objects.filter(
        Remark.article.id == outer(Article.id),
        Remark.writer.name != outer(Article.writer.name),
        Remark.writer.name == "Ann",
    )

    found = await Article.objects.filter(exists(own)).select(Article.id)

    assert found == await ids(database, "id = 1")


def test_relation_of_another_model_is_refused() -> None:
    for condition in (Remark.writer.name == "Ann", any_of(Writer.articles, Article.title == "Home")):
        with pytest.raises(QueryError, match="is no relation of Article"):
            Article.objects.filter(condition).as_sql("sqlite")


class Part(Model):
    id: Field[int] = auto()
    name: Field[str]
    whole: ForeignKey[Part | None]
    parts: Related[Part] = related()


async def test_column_beside_one_of_several_rows_is_that_of_the_row_outside(database: Database) -> None:
    await create_tables(Part)
    car = await Part.objects.create(name="car")
    motor = await Part.objects.create(name="motor", whole=car)
    await Part.objects.create(name="motor", whole=motor)

    namesakes = await Part.objects.filter(Part.parts.name == Part.name).select(Part.id)
    below = await Part.objects.filter(Part.parts.name == "motor", Part.whole.name == "car").select(Part.id)
    beside = await Part.objects.filter(Part.parts.name != Part.whole.name).select(Part.id)

    assert (namesakes, below, beside) == ([motor.id], [motor.id], [motor.id])
