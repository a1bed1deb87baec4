"""Every type of column gives back what was stored, is compared as Python compares, and refuses what it can't hold."""

from __future__ import annotations

import enum
import ipaddress
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec import Struct

from bistro.db import (
    Database,
    DatabaseError,
    Field,
    Model,
    QueryError,
    Range,
    ValueNotStorable,
    auto,
    create_tables,
    field,
)
from bistro.db.functions import max_, sum_


class Color(enum.Enum):
    RED = "red"
    QUOTED = "it's"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(Struct):
    city: str
    since: datetime | None = None


class Everything(Model):
    id: Field[int] = auto()
    small: Field[int | None] = field(bits=16)
    large: Field[int | None]
    real: Field[float | None]
    exact: Field[Decimal | None] = field(max_digits=12, decimal_places=3)
    text: Field[str | None]
    raw: Field[bytes | None]
    flag: Field[bool | None]
    day: Field[date | None]
    clock: Field[time | None]
    moment: Field[datetime | None]
    lasting: Field[timedelta | None]
    key: Field[UUID | None]
    data: Field[dict[str, Any] | None]
    address: Field[Address | None]
    addresses: Field[list[Address] | None]
    numbers: Field[list[int] | None]
    words: Field[list[str] | None]
    days: Field[list[date] | None]
    flags: Field[list[bool] | None]
    color: Field[Color | None]
    level: Field[Level | None]
    choice: Field[Literal["a", "b"] | None]
    host: Field[ipaddress.IPv4Address | ipaddress.IPv6Address | None]
    network: Field[ipaddress.IPv4Network | None]
    interface: Field[ipaddress.IPv4Interface | None]
    span: Field[Range[int] | None]
    period: Field[Range[datetime] | None]
    holiday: Field[Range[date] | None]


EAST = timezone(timedelta(hours=5, minutes=30))
ADDRESS = Address("Rome", datetime(2025, 1, 1, tzinfo=UTC))
VALUES: dict[str, list[Any]] = {
    "small": [0, -(2**15), 2**15 - 1],
    "large": [0, -(2**63), 2**63 - 1],
    "real": [0.0, -1.5, 1e300, 5e-324, 0.1, math.inf, -math.inf],
    "exact": [Decimal("0"), Decimal("-123456789.125"), Decimal("0.001"), Decimal("1.5")],
    "text": ["", " ", "Ünïcode 🎈", "it's", '"', "\\", "%_", "a\nb\tc", "x" * 10_000, "null", "0"],
    "raw": [b"", b"\0\xff", bytes(range(256))],
    "flag": [True, False],
    "day": [date(1, 1, 1), date(2025, 2, 28), date(9999, 12, 31)],
    "clock": [time(0), time(23, 59, 59, 999_999), time(1, 2, 3)],
    "moment": [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=EAST),
        datetime(9999, 12, 30, tzinfo=EAST),
    ],
    "lasting": [timedelta(0), timedelta(days=-1), timedelta(days=400, seconds=3, microseconds=7)],
    "key": [UUID(int=0), UUID(int=2**128 - 1)],
    "data": [{}, {"a": [1, None, {"ü": "x"}], "b": 1.5}],
    "address": [ADDRESS, Address("")],
    "addresses": [[], [ADDRESS, Address("x")]],
    "numbers": [[], [1, -(2**63), 2**63 - 1]],
    "words": [[], ["", "a,b", '"{}', "null", "it's \\"]],
    "days": [[], [date(2025, 1, 1)]],
    "flags": [[], [True, False]],
    "color": [Color.RED, Color.QUOTED],
    "level": [Level.LOW, Level.HIGH],
    "choice": ["a", "b"],
    "host": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1")],
    "network": [ipaddress.ip_network("10.0.0.0/8")],
    "interface": [ipaddress.ip_interface("10.0.0.1/8")],
    "span": [Range(1, 5), Range(None, 3), Range(2, None)],
    "period": [Range(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))],
    "holiday": [Range(date(2025, 1, 1), date(2025, 1, 2))],
}


async def test_every_value_of_every_type_comes_back(database: Database) -> None:
    await create_tables(Everything)

    for name, values in VALUES.items():
        for value in [*values, None]:
            made = await Everything.objects.create(**{name: value})
            found = await Everything.objects.get(Everything.id == made.id)
            back = getattr(found, name)
            assert back == value, (name, value, back)
            assert type(back) is type(value) or isinstance(back, type(value)), (name, value, back)


async def test_values_come_back_when_many_are_stored_at_once(database: Database) -> None:
    await create_tables(Everything)
    rows = [Everything(**{name: values[0] for name, values in VALUES.items()}) for _ in range(3)]

    await Everything.objects.bulk_create(rows)

    for found in await Everything.objects.order_by(Everything.id):
        assert {name: getattr(found, name) for name in VALUES} == {
            name: values[0] for name, values in VALUES.items()
        }


async def test_values_are_found_by_comparison_and_in_lists(database: Database) -> None:
    await create_tables(Everything)

    for name in VALUES.keys() - {"data", "address", "addresses", "numbers", "words", "days", "flags", "real"}:
        column = getattr(Everything, name)
        for value in VALUES[name]:
            made = await Everything.objects.create(**{name: value})
            assert made in await Everything.objects.filter(column == value), (name, value)
            if name not in ("span", "period", "holiday", "raw"):
                assert made in await Everything.objects.filter(column.in_([value])), (name, value)


async def test_values_are_ordered_as_python_orders_them(database: Database) -> None:
    await create_tables(Everything)

    for name in ("small", "large", "real", "exact", "day", "clock", "moment", "lasting"):
        column = getattr(Everything, name)
        await Everything.objects.bulk_create([Everything(**{name: value}) for value in VALUES[name]])
        found = await Everything.objects.filter(column.is_not_null()).order_by(column).select(column)
        assert found == sorted(VALUES[name]), name


async def test_decimals_are_exact_in_arithmetic(database: Database) -> None:
    await create_tables(Everything)
    await Everything.objects.bulk_create([Everything(exact=Decimal(text)) for text in ("0.1", "0.2", "10")])
    exact = Everything.exact

    assert await Everything.objects.aggregate(sum_(exact), max_(exact)) == (Decimal("10.3"), Decimal("10"))
    assert await Everything.objects.filter(exact > Decimal("0.15")).count() == 2
    assert await Everything.objects.filter(exact == 10).count() == 1
    assert await Everything.objects.filter(exact > Decimal("0.10005")).count() == 2
    await Everything.objects.update(exact.set(exact * Decimal("1.5") + Decimal("0.05")))
    assert await Everything.objects.order_by(exact).select(exact) == [
        Decimal("0.2"),
        Decimal("0.35"),
        Decimal("15.05"),
    ]
    assert await Everything.objects.order_by(exact).select(exact / 2) == [
        Decimal("0.1"), Decimal("0.175"), Decimal("7.525"),
    ]  # fmt: skip


async def test_parts_of_json_are_found_by_names_that_are_never_sql(database: Database) -> None:
    await create_tables(Everything)
    data = {"name": "x", "size": 7, "deep": {"list": [10, 20]}, "a'b": 1, "$.size": 2, "on": True}
    row = await Everything.objects.create(data=data)
    column = Everything.data

    async def found(condition: Any) -> bool:
        return row in await Everything.objects.filter(condition)

    assert await found(column["name"] == "x")
    assert await found(column["size"].as_type(int) > 6)
    assert await found(column["name"].as_type(str).contains("x"))
    assert await found(column["deep"]["list"][1].as_type(int) == 20)
    assert await found(column["deep"]["list"][-1].as_type(int) == 20)
    assert await found(column["a'b"].as_type(int) == 1)
    assert await found(column["$.size"].as_type(int) == 2)
    assert await found(column["nope"].is_null())
    assert await found(column["on"].as_type(bool) == True)  # noqa: E712
    assert await found(column["on"] == True)  # noqa: E712
    assert await found(column["size"] == 7)
    assert not await found(column["size') = 1 or ('1"] == 1)
    assert await Everything.objects.select(column["deep"]["list"]) == [[10, 20]]
    with pytest.raises(QueryError, match="is named by"):
        _ = column[1.5]  # type: ignore[index]


async def test_arrays_and_ranges_are_asked_for_what_they_have(database: Database) -> None:
    await create_tables(Everything)
    row = await Everything.objects.create(numbers=[1, 2], words=["a"], span=Range(1, 5))

    assert await Everything.objects.filter(Everything.numbers.has(2)) == [row]
    assert await Everything.objects.filter(Everything.words.has("b")) == []
    assert await Everything.objects.filter(Everything.numbers.overlaps([2, 3])) == [row]
    if database.dialect == "postgresql":
        assert await Everything.objects.filter(Everything.span.has(4)) == [row]
        assert await Everything.objects.filter(Everything.span.overlaps(Range(5, 9))) == []
    else:
        with pytest.raises(QueryError, match="SQLite has no has"):
            await Everything.objects.filter(Everything.span.has(4))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("small", 2**15),
        ("large", 2**63),
        ("text", "\ud800"),
        ("moment", datetime(2025, 1, 1)),
        ("moment", "2025-01-01"),
        ("color", "red"),
        ("color", "no"),
        ("choice", "c"),
        ("exact", Decimal("1e15")),
        ("day", "yesterday"),
        ("large", "many"),
        ("data", object()),
        ("level", 7),
    ],
)
async def test_values_of_another_type_are_refused_and_nothing_is_stored(
    database: Database, name: str, wrong: Any
) -> None:
    await create_tables(Everything)

    with pytest.raises(DatabaseError) as caught:
        await Everything.objects.create(**{name: wrong})

    assert caught.value.status < 500
    assert await Everything.objects.count() == 0


async def test_not_a_number_comes_back_or_is_refused(database: Database) -> None:
    await create_tables(Everything)

    if database.dialect == "sqlite":
        with pytest.raises(ValueNotStorable, match="not a number"):
            await Everything.objects.create(real=math.nan)
    else:
        made = await Everything.objects.create(real=math.nan)
        assert math.isnan((await made.refresh()).real or 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", "a\0b"), ("text", "half \ud800"), ("large", 2**80), ("words", ["fine", "a\0b"])],
)
async def test_what_can_not_be_stored_is_refused_with_the_name_of_its_field(
    database: Database, field: str, value: object
) -> None:
    await create_tables(Everything)
    kept = await Everything.objects.create()

    async def refused(store: Callable[[], Awaitable[object]]) -> None:
        with pytest.raises(ValueNotStorable, match=f"Everything.{field}: ") as caught:
            await store()
        assert [problem.path for problem in caught.value.problems] == [field]

    given = {field: value}
    await refused(lambda: Everything.objects.create(**given))
    await refused(lambda: Everything.objects.bulk_create([Everything(), Everything(**given)]))
    await refused(lambda: Everything.objects.upsert(on=Everything.id, id=1, **given))
    await refused(lambda: Everything.objects.filter(id=kept.id).update(**given))
    assert await Everything.objects.count() == 1
