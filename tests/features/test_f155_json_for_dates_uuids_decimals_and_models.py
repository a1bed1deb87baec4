"""F155: dates, UUIDs, Decimals, dataclasses and models become JSON, at any depth, and come back from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest
from msgspec import Struct
from pydantic import BaseModel

from bistro import App
from bistro.testing import Client

KEY = UUID("0190f1c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f")


class Colour(Enum):
    RED = "red"


class Size(Struct):
    width: Decimal


@attrs.define
class Maker:
    since: date


class Price(BaseModel):
    amount: Decimal
    valid_from: datetime


@dataclass
class Item:
    key: UUID
    made_at: datetime
    colour: Colour
    sizes: list[Size]
    maker: Maker
    prices: dict[str, Price] = field(default_factory=dict)


MADE_AT = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
ITEM = Item(
    KEY, MADE_AT, Colour.RED, [Size(Decimal("1.50"))], Maker(date(1999, 1, 2)),
    {"chf": Price(amount=Decimal("0.10"), valid_from=MADE_AT)},
)  # fmt: skip
ITEM_JSON = {
    "key": str(KEY),
    "made_at": "2026-11-30T12:30:00Z",
    "colour": "red",
    "sizes": [{"width": "1.50"}],
    "maker": {"since": "1999-01-02"},
    "prices": {"chf": {"amount": "0.10", "valid_from": "2026-11-30T12:30:00Z"}},
}


def as_json(value: Any) -> Any:
    app = App()
    app.get("/")(lambda: [value])
    with Client(app) as client:
        (found,) = client.get("/").json()
    return found


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (date(2026, 11, 30), "2026-11-30"),
        (MADE_AT, "2026-11-30T12:30:00Z"),
        (datetime(2026, 11, 30, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-30T12:00:00+02:00"),
        (datetime(2026, 11, 30, 12, 0, 0, 5000), "2026-11-30T12:00:00.005000"),
        (time(8, 15), "08:15:00"),
        (timedelta(minutes=90), "PT5400S"),
        (KEY, str(KEY)),
        (Decimal("0.1000000000000000000001"), "0.1000000000000000000001"),
        (Colour.RED, "red"),
        ({date(2026, 1, 1): Decimal(1)}, {"2026-01-01": "1"}),
        ({1, 2}, [1, 2]),
        (ITEM, ITEM_JSON),
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_inside_a_list_is_written(value: Any, written: Any) -> None:
    assert as_json(value) == written


def test_nested_models_come_back_from_a_body_as_they_were() -> None:
    app, seen = App(), list[Item]()

    @app.post("/")
    async def take(item: Item) -> None:
        seen.append(item)

    with Client(app) as client:
        assert client.post("/", json=ITEM_JSON).status == 204

    assert seen == [ITEM]
