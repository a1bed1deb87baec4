"""F29: errors are `application/problem+json` documents as RFC 9457 describes them."""

from __future__ import annotations

import json

import pytest

from bistro import App, HttpError, Request
from bistro.http import Forbidden
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


class OutOfCredit(HttpError):
    """The kind of RFC 9457's own example."""

    status, title, code = 403, "You do not have enough credit.", "SHOP1"


def make_app() -> App:
    app = App()

    @app.get("/items/{id:int}")
    async def show(id: int, page: int = 1) -> str:
        return "item"

    @app.get("/secret")
    async def secret() -> str:
        raise Forbidden("This is for members only.")

    @app.get("/buy")
    async def buy() -> str:
        raise OutOfCredit(
            "Your current balance is 30, but that costs 50.",
            type="https://example.com/probs/out-of-credit",
            extensions={"balance": 30, "accounts": ["/account/12345"]},
        )

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError("the password is hunter2")

    @app.post("/read")
    async def read(request: Request) -> str:
        return await request.json(str)

    return app


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "title"),
    [
        ("GET", "/nothing", None, 404, "Not Found"),
        ("GET", "/items/seven", None, 404, "Not Found"),
        ("DELETE", "/items/7", None, 405, "Method Not Allowed"),
        ("GET", "/items/7?page=x", None, 422, "Unprocessable Content"),
        ("GET", "/items/7?page=%ff", None, 400, "Bad Request"),
        ("GET", "/secret", None, 403, "Forbidden"),
        ("GET", "/broken", None, 500, "Internal Server Error"),
        ("POST", "/read", b"x" * 3_000_000, 413, "Content Too Large"),
    ],
)
def test_errors_have_type_title_and_status_as_the_answer_has(
    method: str, target: str, body: bytes | None, status: int, title: str
) -> None:
    with LiveServer(make_app()) as server:
        answer = fetch(server, target, method, body=body)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = json.loads(answer.body)
    assert (document["type"], document["title"], document["status"]) == ("about:blank", title, status)


def test_detail_tells_what_happened_this_time() -> None:
    with Client(make_app()) as client:
        assert client.get("/secret").json()["detail"] == "This is for members only."


def test_problem_of_the_sites_own_has_its_type_and_members() -> None:
    with Client(make_app()) as client:
        answer = client.get("/buy")

    assert answer.json() == {
        "type": "https://example.com/probs/out-of-credit",
        "title": "You do not have enough credit.",
        "status": 403,
        "detail": "Your current balance is 30, but that costs 50.",
        "balance": 30,
        "accounts": ["/account/12345"],
    }


def test_unexpected_error_tells_the_client_nothing_of_its_cause() -> None:
    with Client(make_app(), raise_server_errors=False) as client:
        answer = client.get("/broken")

    assert answer.status == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
