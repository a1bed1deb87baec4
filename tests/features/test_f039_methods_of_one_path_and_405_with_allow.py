"""F39: GET and POST of one path are different functions; other methods get 405 with `Allow`."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.testing import LiveServer
from tests.features.support import Fetched, fetch


def make_app() -> App:
    app = App()

    @app.get("/items")
    async def list_items() -> str:
        return "all items"

    @app.post("/items", status=201)
    async def add_item() -> str:
        return "item added"

    @app.put("/items/{id:int}")
    async def replace_item(id: int) -> str:
        return f"item {id} replaced"

    return app


def ask(method: str, target: str) -> Fetched:
    with LiveServer(make_app()) as server:
        return fetch(server, target, method)


def test_each_method_reaches_its_own_function() -> None:
    got, posted = ask("GET", "/items"), ask("POST", "/items")

    assert (got.status, got.text) == (200, "all items")
    assert (posted.status, posted.text) == (201, "item added")


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("DELETE", "/items", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PURGE", "/items", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", "/items/7", {"PUT", "OPTIONS"}),
        ("HEAD", "/items/7", {"PUT", "OPTIONS"}),
    ],
)
def test_other_methods_are_told_which_ones_there_are(method: str, target: str, allowed: set[str]) -> None:
    answer = ask(method, target)

    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_path_that_nothing_answers_is_404_without_allow() -> None:
    for target in ("/other", "/items/seven"):
        answer = ask("DELETE", target)
        assert (answer.status, answer.headers["allow"]) == (404, None)
