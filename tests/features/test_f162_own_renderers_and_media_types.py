"""F162: answers in media types of one's own: CSV, XML, MessagePack, chosen by the result or by the client."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from xml.etree import ElementTree as ET

import msgspec
import pytest

from bistro import App, Json, Request, Response
from bistro.app import PluginError
from bistro.app.options import Plans
from bistro.testing import LiveServer
from tests.features.support import fetch


class Csv(Response):
    """Rows as CSV: a kind of response of the site's own."""

    def __init__(self, rows: Iterable[Iterable[object]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        super().__init__(text.getvalue(), content_type="text/csv; charset=utf-8")


class Dish(msgspec.Struct):
    """A value of the site's own."""

    name: str
    price: float


class Special(Dish):
    """One that is a kind of the other."""


def answer_dish(dish: Dish, request: Request) -> Response:
    def as_xml() -> Response:
        root = ET.Element("dish", price=str(dish.price))
        root.text = dish.name
        return Response(ET.tostring(root), content_type="application/xml")

    def as_msgpack() -> Response:
        return Response(msgspec.msgpack.encode(dish), content_type="application/msgpack")

    return request.negotiate(
        {"application/json": lambda: Json(dish), "application/xml": as_xml, "application/msgpack": as_msgpack}
    )


def make_app(plans: Plans) -> App:
    app = App(plans=plans)
    app.answer(Dish, answer_dish)

    @app.get("/menu.csv")
    async def menu() -> Csv:
        return Csv([["name", "price"], ["soup, hot", 4.5]])

    @app.get("/declared")
    async def declared() -> Dish:
        return Dish("soup", 4.5)

    @app.get("/undeclared", blocking=False)
    def undeclared():  # type: ignore[no-untyped-def]  # what a beginner writes
        return Dish("soup", 4.5)

    @app.get("/kind-of")
    def kind_of() -> Dish:
        return Special("soup", 4.5)

    return app


@pytest.mark.parametrize("plans", ["written", "interpreted"])
@pytest.mark.parametrize("path", ["/declared", "/undeclared", "/kind-of"])
@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        ("*/*", "application/json", b'{"name":"soup","price":4.5}'),
        ("application/xml", "application/xml", b'<dish price="4.5">soup</dish>'),
        (
            "application/msgpack, application/json;q=0.5",
            "application/msgpack",
            msgspec.msgpack.encode(Dish("soup", 4.5)),
        ),
    ],
)
def test_client_chooses_the_form_of_a_value(
    plans: Plans, path: str, accept: str, content_type: str, body: bytes
) -> None:
    with LiveServer(make_app(plans)) as server:
        answer = fetch(server, path, headers={"accept": accept})

    assert (answer.headers["content-type"], answer.body) == (content_type, body)
    assert answer.headers["vary"] == "accept"


def test_form_that_there_is_not_is_a_406() -> None:
    with LiveServer(make_app("written")) as server:
        assert fetch(server, "/declared", headers={"accept": "image/png"}).status == 406


def test_response_of_a_kind_of_its_own_is_sent_as_it_is() -> None:
    with LiveServer(make_app("written")) as server:
        answer = fetch(server, "/menu.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == 'name,price\r\n"soup, hot",4.5\r\n'


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_plain_values_can_be_answered_otherwise_too(plans: Plans) -> None:
    app = App(plans=plans)
    app.answer(
        dict, lambda value, _request: Response(msgspec.msgpack.encode(value), content_type="a/msgpack")
    )

    @app.get("/declared")
    async def declared() -> dict[str, int]:
        return {"a": 1}

    @app.get("/undeclared")
    async def undeclared():  # type: ignore[no-untyped-def]  # what a beginner writes
        return {"a": 1}

    with LiveServer(app) as server:
        for path in ("/declared", "/undeclared"):
            assert msgspec.msgpack.decode(fetch(server, path).body) == {"a": 1}


def test_two_that_answer_one_type_stop_the_start_and_are_both_named() -> None:
    app = App()
    app.answer(Dish, answer_dish)
    app.answer(Dish, lambda dish, _request: Response(dish.name))
    with pytest.raises(PluginError) as caught:
        app.freeze()
    assert len(caught.value.where) == 2

    app = App()
    app.answer(Dish, answer_dish)
    app.answer(Dish, lambda dish, _request: Response(dish.name), override=True)
    app.freeze()
