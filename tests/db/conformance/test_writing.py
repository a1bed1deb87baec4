"""Creating, changing and deleting rows: what is stored is what SQL by hand reads."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from bistro.db import (
    Database,
    Field,
    IntegrityError,
    Model,
    NotNullViolation,
    QueryError,
    RowNotFound,
    UniqueViolation,
    ValueNotStorable,
    auto,
    case,
    create_tables,
    drop_tables,
    field,
    generated,
    scoped,
)
from tests.db.conformance.models import Article, Folder, Label, Seat, Writer, fill
from tests.db.support import rows_of


class Counter(Model):
    name: Field[str] = field(primary_key=True)
    amount: Field[int] = field(default=1)
    twice: Field[int] = generated("amount * 2")
    made_at: Field[datetime] = auto()
    changed_at: Field[datetime] = auto(on_update=True)
    tags: Field[list[str]] = field(default_factory=list)


class Blank(Model):
    id: Field[int] = auto()


async def test_new_row_gets_what_the_database_makes(database: Database) -> None:
    await fill()
    writer = await Writer.objects.get(name="Ann")

    article = await Article.objects.create(title="New", writer=writer)

    assert article.id == 11
    assert article.writer is writer
    assert article.written_at.tzinfo is not None
    assert await rows_of(
        database, "select title, views, writer_id, editor_id from article where id = 11"
    ) == [("New", 0, 1, None)]


async def test_row_is_made_of_what_a_client_sent(database: Database) -> None:
    await fill()
    sent = msgspec.json.decode(b'{"title": "Sent", "writer_id": 2, "id": 77}', type=Article.Create)

    article = await Article.objects.create(sent, views=5)

    assert (article.id, article.title, article.writer_id, article.views) == (11, "Sent", 2, 5)  # type: ignore[attr-defined]


async def test_computed_columns_and_defaults_come_back(database: Database) -> None:
    await create_tables(Counter, Blank)

    counter = await Counter.objects.create(name="a", amount=21)
    blank = await Blank.objects.create()
    several = await Blank.objects.bulk_create([Blank(), Blank()])

    assert counter.twice == 42
    assert [each.id for each in (blank, *several)] == [1, 2, 3]


async def test_many_rows_are_stored_at_once_and_know_their_keys(database: Database) -> None:
    await fill()
    ann = await Writer.objects.get(name="Ann")

    articles = await Article.objects.bulk_create(
        [Article(title=f"number {number}", views=number, writer=ann) for number in range(450)]
    )

    assert await rows_of(database, "select id, title, views from article where id > 10 order by id") == [
        (article.id, f"number {number}", number) for number, article in enumerate(articles)
    ]
    assert await Article.objects.bulk_create([]) == []


async def test_rows_with_values_for_different_fields_are_stored_together(database: Database) -> None:
    await create_tables(Counter)

    first, second = await Counter.objects.bulk_create(
        [Counter(name="a", made_at=datetime(2020, 1, 1, tzinfo=UTC), tags=["x"]), Counter(name="b", amount=7)]
    )

    assert first.made_at.year == 2020
    assert second.made_at.year > 2020
    assert (second.twice, first.tags) == (14, ["x"])


async def test_of_many_rows_none_is_stored_if_one_is_refused(database: Database) -> None:
    await fill()

    with pytest.raises(UniqueViolation) as caught:
        await Label.objects.bulk_create([Label(name=name) for name in ("new", "red")])

    assert caught.value.columns == ("name",)
    assert await Label.objects.count() == 3


async def test_update_by_values_expressions_mappings_and_structs(database: Database) -> None:
    await fill()
    some = Article.objects.filter(Article.id <= 3)
    bob = await Writer.objects.get(name="Bob")

    assert await some.update(title="same", subtitle=None) == 3
    assert await some.update(Article.views.set(Article.views + Article.id * 100)) == 3
    assert await some.filter(Article.id == 1).update(Article.Update(title="one"), {"writer": bob}) == 1
    assert await Article.objects.filter(Article.id < 0).update(title="none") == 0

    assert await rows_of(database, "select title, views, writer_id from article where id <= 3 order by id") == [
        ("one", 100, 2), ("same", 210, 1), ("same", 320, 2),
    ]  # fmt: skip


async def test_update_by_cases(database: Database) -> None:
    await fill()

    await Article.objects.update(Article.title.set(case((Article.views > 30, "much"), default="little")))

    assert await rows_of(database, "select title, count(*) from article group by title order by title") == [
        ("little", 7),
        ("much", 3),
    ]


async def test_update_of_rows_that_a_relation_a_limit_or_an_order_describes(database: Database) -> None:
    await fill()

    assert await Article.objects.filter(Article.writer.name == "Ann").update(views=1) == 5
    assert await Article.objects.filter(Article.labels.name == "red").update(views=2) == 2
    assert await Article.objects.order_by(Article.id.desc()).limit(2).update(views=3) == 2

    assert await rows_of(database, "select id from article where views = 3 order by id") == [(9,), (10,)]


async def test_delete_of_rows_that_a_relation_or_a_limit_describes(database: Database) -> None:
    await fill()

    assert await Article.objects.filter(Article.writer.name == "Ann").delete() == 5
    assert await Article.objects.order_by(Article.id).limit(1).delete() == 1
    assert await Seat.objects.filter(Seat.row == "A").order_by(Seat.number).limit(1).delete() == 1

    assert await rows_of(database, "select id from article order by id") == [(3,), (5,), (7,), (9,)]


async def test_updated_time_is_made_anew_with_every_update(database: Database) -> None:
    await create_tables(Counter)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    counter = await Counter.objects.create(name="a", changed_at=past, made_at=past)

    await Counter.objects.filter(Counter.name == "a").update(amount=5)
    await counter.refresh()

    assert counter.changed_at > past
    assert (counter.made_at, counter.twice) == (past, 10)


async def test_upsert_stores_or_changes(database: Database) -> None:
    await create_tables(Counter)

    made = await Counter.objects.upsert(on=Counter.name, name="a", amount=1)
    changed = await Counter.objects.upsert(on=Counter.name, name="a", amount=5)
    kept = await Counter.objects.upsert(on=Counter.name, update=(), name="a", amount=9)
    several = await Counter.objects.bulk_upsert(
        [Counter(name="a", amount=7), Counter(name="b", amount=8)], on=Counter.name, update=Counter.amount
    )

    assert [each.amount for each in (made, changed, kept, *several)] == [1, 5, 5, 7, 8]
    assert (changed.twice, changed.made_at) == (10, made.made_at)
    assert await Counter.objects.count() == 2


async def test_rows_get_each_their_own_values(database: Database) -> None:
    await create_tables(Counter)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    names = ["b", "a", "c"]
    made = await Counter.objects.bulk_create(
        [Counter(name=each, changed_at=past, made_at=past) for each in names]
    )
    for amount, counter in enumerate(made, 10):
        counter.amount = amount

    changed = await Counter.objects.bulk_update([*made, Counter(name="gone", amount=1)], Counter.amount)

    rows = await rows_of(database, "select name, amount, twice from counter order by name")
    assert (changed, rows) == (3, [("a", 11, 22), ("b", 10, 20), ("c", 12, 24)])
    assert all(each.changed_at > past and each.made_at == past for each in await Counter.objects.all())
    assert await Counter.objects.bulk_update([], Counter.amount) == 0


async def test_rows_get_each_their_own_lists_and_nothing(database: Database) -> None:
    await fill()
    await create_tables(Counter)
    counters = await Counter.objects.bulk_create([Counter(name="a"), Counter(name="b")])
    counters[0].tags = ["x", "y"]
    articles = await Article.objects.order_by(Article.id).limit(2)
    articles[0].subtitle, articles[1].subtitle = None, "later"
    articles[0].editor_id, articles[1].editor_id = 2, None

    assert await Counter.objects.bulk_update(counters, Counter.tags) == 2
    assert await Article.objects.bulk_update(articles, Article.subtitle, Article.editor_id) == 2

    assert [each.tags for each in await Counter.objects.order_by(Counter.name)] == [["x", "y"], []]
    found = "select subtitle, editor_id from article order by id limit 2"
    assert await rows_of(database, found) == [(None, 2), ("later", None)]


async def test_rows_with_a_composite_key_get_each_their_own_values(database: Database) -> None:
    await fill()
    seats = await Seat.objects.all()
    for price, seat in enumerate(seats):
        seat.price = price

    assert await Seat.objects.bulk_update(seats, Seat.price) == len(seats)
    assert await Seat.objects.select(Seat.price).order_by(Seat.price) == list(range(len(seats)))


async def test_an_update_of_many_is_all_or_nothing(database: Database) -> None:
    await fill()
    writers = await Writer.objects.order_by(Writer.id)
    before = [each.name for each in writers]
    for writer in writers:
        writer.name = "the same"

    with pytest.raises(UniqueViolation):
        await Writer.objects.bulk_update(writers, Writer.name)

    assert [each.name for each in await Writer.objects.order_by(Writer.id)] == before


async def test_an_update_of_many_stays_within_the_scope(database: Database) -> None:
    await fill()
    articles = await Article.objects.order_by(Article.id)
    for article in articles:
        article.views = 77
    with scoped(Article.writer_id == articles[0].writer_id):
        mine = await Article.objects.count()
        assert 0 < mine < len(articles)
        assert await Article.objects.bulk_update(articles, Article.views) == mine
    assert await Article.objects.filter(Article.views == 77).count() == mine


async def test_an_update_of_many_that_makes_no_sense_is_refused(database: Database) -> None:
    await fill()
    articles = await Article.objects.all()

    for wrong in ((), (Article.id,), (Seat.price,)):
        with pytest.raises(QueryError):
            await Article.objects.bulk_update(articles, *wrong)
    with pytest.raises(QueryError, match="has no id"):
        await Article.objects.bulk_update([Article(title="new")], Article.title)
    articles[0].title = "half a character \ud800"
    with pytest.raises(ValueNotStorable, match="title"):
        await Article.objects.bulk_update(articles, Article.title)


async def test_upsert_by_a_composite_key(database: Database) -> None:
    await fill()

    seat = await Seat.objects.upsert(on=(Seat.row, Seat.number), row="A", number=1, price=99)

    assert (seat.row, seat.number, seat.price) == ("A", 1, 99)
    assert await Seat.objects.count() == 4


async def test_row_is_got_or_created(database: Database) -> None:
    await fill()

    red, red_is_new = await Label.objects.get_or_create(name="red")
    pink, pink_is_new = await Label.objects.get_or_create(name="pink")

    assert (red.id, red_is_new, pink_is_new) == (1, False, True)
    assert pink.id > 3


async def test_instance_saves_reads_and_deletes_itself(database: Database) -> None:
    await fill()
    article = await Article.objects.get(Article.id == 1)

    article.title, article.views = "changed", 1000
    await article.save("title")
    assert await rows_of(database, "select title, views from article where id = 1") == [("changed", 0)]
    await article.save()
    assert await rows_of(database, "select title, views from article where id = 1") == [("changed", 1000)]
    await Article.objects.filter(Article.id == 1).update(title="elsewhere")
    assert (await article.refresh()).title == "elsewhere"
    await article.delete()

    assert await Article.objects.find(Article.id == 1) is None
    for lost in (article.delete, article.save, article.refresh):
        with pytest.raises(RowNotFound):
            await lost()


async def test_new_instance_is_saved_as_a_new_row_also_with_a_key_of_its_own(database: Database) -> None:
    await fill()
    await create_tables(Counter)

    folder = await Folder(name="new").save()
    await Counter(name="own").save()
    await Counter(name="own", amount=2).save()

    assert folder.id == 5
    assert await rows_of(database, "select name, amount from counter") == [("own", 2)]


async def test_relation_that_is_not_stored_yet_can_not_be_named(database: Database) -> None:
    await fill()

    with pytest.raises(QueryError, match="is not stored yet"):
        await Article.objects.create(title="x", writer=Writer(name="new"))


async def test_missing_value_is_an_error_that_names_the_field(database: Database) -> None:
    await fill()

    with pytest.raises(NotNullViolation) as caught:
        await Article.objects.create(writer_id=1)

    assert caught.value.columns == ("title",)


@pytest.mark.parametrize(
    "values", [{"titel": "x"}, {"objects": 1}, {"__class__": 1}, {"writer__name": "x"}, {'x" = 1 --': 1}]
)
async def test_unknown_fields_are_refused_when_creating_and_updating(
    database: Database, values: dict[str, object]
) -> None:
    with pytest.raises(QueryError, match="has no field"):
        await Article.objects.create(**values)
    with pytest.raises(QueryError, match="has no field"):
        await Article.objects.update(**values)


async def test_updates_that_mean_nothing_are_refused(database: Database) -> None:
    await create_tables(Counter)

    with pytest.raises(QueryError, match="changes nothing"):
        await Counter.objects.update()
    with pytest.raises(QueryError, match="is computed by the database"):
        await Counter.objects.update(twice=4)
    with pytest.raises(QueryError, match="is no column of Counter"):
        await Counter.objects.update(Article.title.set("x"))
    with pytest.raises(QueryError, match="after select"):
        await Counter.objects.select(Counter.name).delete()


async def test_values_that_fit_no_column_are_told_apart_from_faults(database: Database) -> None:
    await fill()

    for wrong in (2**63, -(2**63) - 1):
        with pytest.raises(ValueNotStorable):
            await Article.objects.filter(Article.id == 1).update(views=wrong)
    with pytest.raises(ValueNotStorable):
        await Article.objects.filter(Article.title == "\ud800")
    with pytest.raises(ValueNotStorable):
        await Article.objects.filter(Article.written_at > datetime(2025, 1, 1))
    with pytest.raises((ValueNotStorable, IntegrityError)):
        await Article.objects.filter(Article.id == 1).update(title="x" * 101)


async def test_tables_can_be_dropped_and_made_again(database: Database) -> None:
    await create_tables(Counter)
    await drop_tables(Counter)
    await create_tables(Counter)

    assert await Counter.objects.count() == 0


async def test_a_relation_is_set_to_an_instance_and_to_nothing_else(database: Database) -> None:
    await fill()
    with pytest.raises(QueryError, match=r"Article.writer is a Writer, not int(.|\n)*set writer_id"):
        await Article.objects.update(writer=2)
    with pytest.raises(QueryError, match=r"Article.writer is a Writer, not Label"):
        await Article.objects.update(writer=await Label.objects.first())


async def test_a_plain_update_changes_what_a_general_one_changes(database: Database) -> None:
    await fill()
    query = Article.objects.filter(Article.views > 0)
    count = await query.count()

    assert await query.update(title="plain", views=7) == count
    assert await Article.objects.filter(title="plain", views=7).count() == count
    assert await query.update(Article.title.set("general"), views=8) == count
    assert await Article.objects.filter(title="general", views=8).count() == count
    with pytest.raises(QueryError, match="titel"):
        await query.update(titel="x")


async def test_rows_that_name_a_relation_or_its_key_are_stored_together(database: Database) -> None:
    await fill()
    writer = await Writer.objects.first()
    assert writer is not None
    rows = [
        Article(title="with views", writer=writer, views=3),
        Article(title="without", writer=writer),
        Article(title="by key", writer_id=writer.id, subtitle="s"),
    ]
    stored = await Article.objects.bulk_create(rows)

    assert [each.title for each in stored] == ["with views", "without", "by key"]
    assert len({each.id for each in stored}) == 3
    for each in stored:
        assert await Article.objects.get(Article.id == each.id, title=each.title, views=each.views) == each
    assert await Article.objects.bulk_create([]) == []
