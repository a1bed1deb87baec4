"""Results in parts: by number, and by a place that no change of the rows moves."""

from __future__ import annotations

import base64

import msgspec
import pytest

from bistro.db import Database, QueryError
from bistro.db.pages import WrongCursor
from tests.db.conformance.models import Article, Seat, fill


async def test_page_has_its_rows_and_the_number_of_all(database: Database) -> None:
    await fill()
    query = Article.objects.order_by(Article.id)

    first, third, beyond = (
        await query.page(1, size=4),
        await query.page(3, size=4),
        await query.page(9, size=4),
    )

    assert ([article.id for article in first.items], first.total, first.pages) == ([1, 2, 3, 4], 10, 3)
    assert (first.has_previous, first.has_next) == (False, True)
    assert ([article.id for article in third.items], third.has_next) == ([9, 10], False)
    assert beyond.items == []
    assert (await query.page(-3, size=4)).number == 1


async def test_slices_go_through_all_rows_once_in_any_order(database: Database) -> None:
    await fill()
    orders = [
        (),
        (Article.views.desc(),),
        (Article.published.asc(), Article.views.desc()),
        (Article.written_at.desc(), Article.title.asc()),
    ]

    for order in orders:
        query = Article.objects.order_by(*order) if order else Article.objects
        expected = [article.id for article in await query.order_by(*order, *_key(order))]
        found, place = [], ""
        while True:
            part = await query.slice(place, size=3)
            found += [article.id for article in part.items]
            place = part.next
            if not place:
                break
        assert found == expected


def _key(order: tuple[object, ...]) -> list[object]:
    last_is_descending = bool(order) and order[-1].key[0] == "desc"  # type: ignore[attr-defined]
    return [Article.id.desc() if last_is_descending else Article.id.asc()]


async def test_rows_that_come_and_go_move_no_place(database: Database) -> None:
    await fill()
    query = Article.objects.order_by(Article.id)
    first = await query.slice(size=3)

    await Article.objects.filter(Article.id.in_([1, 2])).delete()

    assert [article.id for article in (await query.slice(first.next, size=3)).items] == [4, 5, 6]


async def test_slices_by_a_composite_key(database: Database) -> None:
    await fill()

    first = await Seat.objects.slice(size=3)
    second = await Seat.objects.slice(first.next, size=3)

    assert [(seat.row, seat.number) for seat in (*first.items, *second.items)] == [
        ("A", 1),
        ("A", 2),
        ("B", 1),
        ("B", 2),
    ]
    assert second.next == ""


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "place",
    ["x", "%%%", "é", "A" * 5_000, _encoded([]), _encoded([1, 2]), _encoded({"a": 1}), _encoded(["1 OR 1=1"]), _encoded([None]),
     _encoded([1.5]), _encoded([[1]]), "W" * 1_000],
)  # fmt: skip
async def test_place_that_a_client_made_up_is_refused(database: Database, place: str) -> None:
    await fill()

    with pytest.raises(WrongCursor):
        await Article.objects.order_by(Article.id).slice(place)


async def test_slices_by_what_may_be_missing_or_is_elsewhere_are_refused(database: Database) -> None:
    for order in (Article.subtitle.asc(), Article.writer.name.asc()):
        with pytest.raises(QueryError, match="slice"):
            await Article.objects.order_by(order).slice()
