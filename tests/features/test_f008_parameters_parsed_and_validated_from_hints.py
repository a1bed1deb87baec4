"""F8: a handler's type hints say what is read from path, query, header, cookie and body, and check it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct

from bistro import App, Body, Cookie, From, Header, Query
from bistro.testing import Client, ClientResponse


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass
class Place:
    city: str
    number: int


class Order(Struct):
    item: Annotated[str, Meta(min_length=1)]
    places: list[Place]
    count: Annotated[int, Meta(ge=1)] = 1


TOKEN = "6f1c7a52-0d2e-4a76-9a3e-0f8f3d1f4b11"
ORDER = {"item": "tea", "places": [{"city": "Bern", "number": 4}], "count": 2}


def make_app(calls: list[tuple[Any, ...]]) -> App:
    app = App()

    @app.post("/shops/{shop:int}/orders/{day}")
    async def order(
        shop: int,
        day: date,
        order: Order,
        page: Annotated[int, Meta(ge=1)] = 1,
        tag: Query[list[str]] = [],  # noqa: B006 - a handler's default is never changed
        size: Size = Size.SMALL,
        sort: Literal["name", "price"] = "name",
        x_token: Header[UUID | None] = None,
        theme: Cookie[str] = "light",
        session: Annotated[int, From("cookie", "session-number")] = 0,
    ) -> None:
        calls.append((shop, day, order, page, tag, size, sort, x_token, theme, session))

    return app


def send(client: Client, target: str = "/shops/7/orders/2026-11-30", **options: Any) -> ClientResponse:
    return client.post(target, **{"json": ORDER, **options})


def test_values_reach_the_handler_from_every_place_in_their_type() -> None:
    calls: list[tuple[Any, ...]] = []
    with Client(make_app(calls)) as client:
        answer = send(
            client,
            params={"page": 3, "tag": ["a", "b"], "size": "l", "sort": "price"},
            headers={"x-token": TOKEN},
            cookies={"theme": "dark", "session-number": "12"},
        )

    assert answer.status == 204
    order = Order("tea", [Place("Bern", 4)], 2)
    day = date(2026, 11, 30)
    assert calls == [(7, day, order, 3, ["a", "b"], Size.LARGE, "price", UUID(TOKEN), "dark", 12)]


def test_defaults_stand_in_for_what_was_not_sent() -> None:
    calls: list[tuple[Any, ...]] = []
    with Client(make_app(calls)) as client:
        send(client)

    assert calls[0][3:] == (1, [], Size.SMALL, "name", None, "light", 0)


@pytest.mark.parametrize(
    ("options", "status", "place"),
    [
        ({"target": "/shops/seven/orders/2026-11-30"}, 404, None),
        ({"target": "/shops/7/orders/yesterday"}, 404, None),
        ({"params": {"page": "three"}}, 422, ["query", "page"]),
        ({"params": {"page": "0"}}, 422, ["query", "page"]),
        ({"params": {"size": "xl"}}, 422, ["query", "size"]),
        ({"params": {"sort": "colour"}}, 422, ["query", "sort"]),
        ({"headers": {"x-token": "none"}}, 422, ["header", "x-token"]),
        ({"cookies": {"session-number": "many"}}, 422, ["cookie", "session-number"]),
        ({"json": {**ORDER, "count": 0}}, 422, ["body", "count"]),
        ({"json": {**ORDER, "places": [{"city": "Bern"}]}}, 422, ["body", "places[0].number"]),
    ],
)
def test_values_that_do_not_fit_are_refused_before_the_handler(
    options: dict[str, Any], status: int, place: list[str] | None
) -> None:
    calls: list[tuple[Any, ...]] = []
    with Client(make_app(calls)) as client:
        answer = send(client, **options)

    assert (answer.status, calls) == (status, [])
    problems = [[problem["place"], problem["path"]] for problem in answer.json().get("errors", [])]
    assert problems == ([] if place is None else [place])


def test_a_body_may_be_plain_json_marked_as_body() -> None:
    app = App()

    @app.post("/sum")
    async def add(numbers: Body[list[int]]) -> int:
        return sum(numbers)

    with Client(app) as client:
        assert client.post("/sum", json=[1, 2, 3]).json() == 6
        assert client.post("/sum", json=[1, "2"]).status == 422
