"""Attacks on queries: names and values of a client that try to become SQL, to see more, or to cost much."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    Model,
    NotAllowed,
    QueryError,
    ValueNotStorable,
    auto,
    create_tables,
    field,
    function,
    only,
    only_orders,
)
from bistro.db.paths import UnknownField

PAYLOADS = (
    "x'; DROP TABLE secret_note; --",
    'x"; DROP TABLE secret_note; --',
    "1) OR 1=1 --",
    "' UNION SELECT password FROM person --",
    "\\'; SELECT 1; --",
    "%' OR '1'='1",
    "{columns}",
    "%(name)s :name $1 ?",
    "\x1a\x08",
    "a\nb",
)


class Person(Model):
    id: Field[int] = auto()
    name: Field[str]
    password: Field[str] = field(private=True)


class SecretNote(Model):
    id: Field[int] = auto()
    title: Field[str]
    price: Field[Decimal] = field(default=Decimal(0), max_digits=8, decimal_places=2)
    data: Field[dict[str, Any]] = field(default_factory=dict)
    owner: ForeignKey[Person]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[Any], Any]]:
    """Run a query (made by a function) on a database with one person and one note."""
    database = Database(f"sqlite:///{tmp_path / 'attacked.db'}")
    with asyncio.Runner() as runner:

        async def begin() -> None:
            await database.open()
            await create_tables(Person, SecretNote, using=database)
            person = await Person.objects.using(database).create(name="Ann", password="geheim")
            await SecretNote.objects.using(database).create(title="only", owner=person)

        async def run(make: Any) -> Any:
            return await make(SecretNote.objects.using(database))

        runner.run(begin())
        yield lambda make: runner.run(run(make))
        runner.run(database.close())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_values_are_never_part_of_the_sql(ask: Any, payload: str) -> None:
    makers: list[Any] = [
        lambda notes: notes.filter(SecretNote.title == payload),
        lambda notes: notes.filter(SecretNote.title.in_([payload])),
        lambda notes: notes.filter(SecretNote.title.contains(payload)),
        lambda notes: notes.filter(SecretNote.title.istartswith(payload)),
        lambda notes: notes.filter(owner__name__iendswith=payload),
        lambda notes: notes.raw("select {columns} from secret_note where title = {title}", title=payload),
    ]
    for make in makers:
        assert ask(make) == []

    changed = ask(lambda notes: notes.upsert(on=SecretNote.id, id=1, title=payload, owner_id=1))
    assert changed.title == payload
    assert ask(lambda notes: notes.filter(SecretNote.title == payload).count()) == 1
    assert ask(lambda notes: notes.update(SecretNote.title.set(SecretNote.title + payload))) == 1


@pytest.mark.parametrize("payload", [*PAYLOADS, "a\0b"])
def test_parts_of_json_are_parameters(ask: Any, payload: str) -> None:
    """CVE-2019-14234, 2024-42005, 2024-53908: SQL through the names in JSON."""
    try:
        assert ask(lambda notes: notes.filter(SecretNote.data[payload] == 1)) == []
    except ValueNotStorable as error:
        assert error.status == 422

    sql, params = SecretNote.objects.filter(SecretNote.data[payload] == 1).as_sql("postgresql")
    assert payload not in sql
    assert params[0] == payload


@pytest.mark.parametrize("payload", [*PAYLOADS, "name.x", 'x" FROM person --', "x" * 61, "", "ä", "a b"])
def test_names_are_refused_where_they_would_be_in_the_sql(payload: str) -> None:
    """CVE-2022-28346, 2025-57833, 2025-59681: SQL through aliases; 2021-35042: through order_by."""
    refused: list[Callable[[], object]] = [
        lambda: SecretNote.title.label(payload),
        lambda: function(payload, returns=int),
        lambda: SecretNote.objects.order_by(payload),
        lambda: SecretNote.objects.filter(**{payload: 1}),
        lambda: SecretNote.objects.filter(**{f"owner__{payload}": 1}),
        lambda: SecretNote.objects.filter(**{f"title__{payload}": 1}),
    ]
    for build in refused:
        with pytest.raises(QueryError):
            build()


@pytest.mark.parametrize(
    "name", ["_connector", "_negated", "__class__", "objects", "Create", "shape", "owner__objects"]
)
def test_internal_names_are_no_lookups(name: str) -> None:
    """CVE-2025-64459: the connector of conditions, set through **request.GET."""
    with pytest.raises(QueryError):
        SecretNote.objects.filter(**{name: "OR 1=1 OR"})


def test_fields_that_are_not_listed_can_not_be_asked_for() -> None:
    allowed = {"title", "title__icontains"}

    assert only({"title__icontains": "x"}, allowed) == {"title__icontains": "x"}
    for name in ("owner__password__startswith", "title__contains", "id", "Title", ""):
        with pytest.raises(NotAllowed) as caught:
            only({name: "a"}, allowed)
        assert caught.value.status == 400


def test_orders_that_are_not_listed_can_not_be_asked_for() -> None:
    assert only_orders("", {"title"}) == []
    assert only_orders("-title, id", {"title", "id"}) == ["-title", "id"]
    for text in (
        "owner__password",
        "--title",
        "title;drop",
        "title,",
        ",".join(["title"] * 6),
        "x" * 100_000,
    ):
        with pytest.raises(NotAllowed):
            only_orders(text, {"title"})


def test_private_fields_are_not_shown_by_what_is_meant_for_clients() -> None:
    assert "password" not in Person.Out.__struct_fields__
    assert "password" not in Person.Create.__struct_fields__
    assert "geheim" not in repr(Person(name="Ann", password="geheim"))


def test_fields_of_a_model_can_not_be_replaced_by_values_of_a_client() -> None:
    for name in ("__class__", "save", "objects", "owner__name"):
        with pytest.raises(UnknownField):
            asyncio.run(SecretNote.objects.create(**{name: 1}))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**4000])
def test_huge_integers_are_refused_as_values_and_as_limits(ask: Any, number: int) -> None:
    """CVE-2020-10735 and its class."""
    with pytest.raises(ValueNotStorable):
        ask(lambda notes: notes.filter(SecretNote.id == number))
    for build in (SecretNote.objects.limit, SecretNote.objects.offset):
        with pytest.raises(NotAllowed):
            build(number)
    if number > 0:
        with pytest.raises(NotAllowed):
            ask(lambda notes: notes.page(number))


@pytest.mark.timed
@pytest.mark.parametrize("text", ["1E+999999", "1E+999998", "-1E+900000", "1E+99", "sNaN", "NaN", "Infinity"])
def test_decimals_beyond_all_columns_are_refused(ask: Any, text: str) -> None:
    """The exponent blow-up of CVE-2024-41989: nine letters that would be a million digits."""
    start = time.thread_time()
    for make in (
        lambda notes: notes.filter(price=Decimal(text)).all(),
        lambda notes: notes.filter(price__gt=Decimal(text)).all(),
        lambda notes: notes.filter(SecretNote.price + Decimal(text) > 1).all(),
    ):
        with pytest.raises(ValueNotStorable):
            ask(make)
    assert time.thread_time() - start < 1


@pytest.mark.timed
def test_search_for_a_long_text_takes_no_time(ask: Any) -> None:
    """A pattern of a client's own, `%a%a%a%…`, would search in time that doubles with each part."""
    long = "%a_" * 200
    ask(lambda notes: notes.update(title="a" * 10_000))
    start = time.thread_time()

    assert ask(lambda notes: notes.filter(SecretNote.title.icontains(long))) == []

    assert time.thread_time() - start < 1


@pytest.mark.parametrize("test", ["contains", "icontains", "startswith", "endswith", "iendswith", "iexact"])
@pytest.mark.parametrize("text", ["\0", "only\0more", "\0only"])
def test_nul_does_not_end_the_text_that_is_searched_for(ask: Any, test: str, text: str) -> None:
    """SQLite's patterns end at a NUL: `iexact` found the row of somebody else, `contains` all of them."""
    with pytest.raises(ValueNotStorable):
        ask(lambda query: query.filter(**{f"title__{test}": text}).all())


@pytest.mark.parametrize("value", [{"a": 1}, [1], {}])
def test_value_of_another_shape_is_a_422(ask: Any, value: Any) -> None:
    with pytest.raises(ValueNotStorable):
        ask(lambda query: query.filter(title=value).all())


def test_text_too_long_to_search_for_is_refused(ask: Any) -> None:
    for search in ("contains", "icontains"):
        with pytest.raises(ValueNotStorable):
            ask(lambda notes, search=search: notes.filter(getattr(SecretNote.title, search)("a" * 100_000)))


@pytest.mark.timed
def test_unknown_names_are_answered_in_no_time_however_long() -> None:
    start = time.thread_time()

    with pytest.raises(QueryError):
        SecretNote.objects.filter(**{"a__" * 25_000: 1})

    assert time.thread_time() - start < 1


def test_conditions_joined_for_each_thing_that_a_client_sent_are_bounded(ask: Any) -> None:
    """Keys that grow in depth would overflow the stack where Python hashes them: the process would end."""
    condition = SecretNote.id == 1
    for _ in range(400):
        condition |= SecretNote.id == 2
    assert len(ask(lambda notes: notes.filter(condition))) == 1

    with pytest.raises(QueryError, match="more than 500 conditions"):
        for _ in range(100_000):
            condition |= SecretNote.id == 2


def test_long_chains_of_filters_neither_fill_the_tree_nor_end_the_process(ask: Any) -> None:
    def make(notes: Any) -> Any:
        for number in range(3_000):
            notes = notes.filter(SecretNote.id < 5 + number)
        return notes.limit(1)

    make(SecretNote.objects)
    assert SecretNote.objects.shape.root.count <= 2_000
