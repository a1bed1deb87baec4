"""F9: invalid input is answered with 400 or 422 and a list of fields that a program can read."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bistro import App
from bistro.forms import Form
from bistro.testing import Client


@dataclass
class Item:
    name: str
    price: int


@dataclass
class Order:
    customer: str
    items: list[Item]


@pytest.fixture
def client() -> Client:
    app = App()

    @app.post("/orders")
    async def create(order: Order, urgent: bool, copies: int = 1) -> str:
        return order.customer

    @app.post("/form")
    async def submit(form: Form[Item]) -> str:
        return form.value.name

    return Client(app)


def test_every_wrong_field_of_query_and_body_is_told_at_once(client: Client) -> None:
    answer = client.post(
        "/orders",
        params={"urgent": "perhaps", "copies": "two"},
        json={"customer": 7, "items": [{"name": "tea", "price": 3}, {"name": "milk", "price": "dear"}]},
    )

    assert (answer.status, answer.content_type) == (422, "application/problem+json")
    found = {(problem["place"], problem["path"]): problem for problem in answer.json()["errors"]}
    assert set(found) == {
        ("query", "urgent"),
        ("query", "copies"),
        ("body", "customer"),
        ("body", "items[1].price"),
    }
    assert all(problem["message"] and problem["code"] for problem in found.values())


def test_missing_fields_are_told_with_a_code_of_their_own(client: Client) -> None:
    errors = client.post("/orders", json={"items": []}).json()["errors"]

    told = [(problem["place"], problem["path"], problem["code"]) for problem in errors]
    assert sorted(told) == [("body", "customer", "missing"), ("query", "urgent", "missing")]


def test_wrong_fields_of_a_form_are_told_in_the_same_way(client: Client) -> None:
    answer = client.post("/form", data={"price": "dear"})

    assert answer.status == 422
    told = {(problem["place"], problem["path"]) for problem in answer.json()["errors"]}
    assert told == {("form", "name"), ("form", "price")}


def test_body_that_is_no_json_is_a_400_that_says_where(client: Client) -> None:
    answer = client.post(
        "/orders?urgent=true", content=b'{"customer": ', headers={"content-type": "application/json"}
    )

    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert [problem["place"] for problem in answer.json()["errors"]] == ["body"]
