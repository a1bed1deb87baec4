"""F12: middleware (hooks before, after and around) runs in the order of registration, sync and async."""

from __future__ import annotations

import pytest

from bistro import App, Proceed, Request, Response
from bistro.testing import Client


def test_hooks_enclose_the_handler_in_the_order_in_which_they_were_registered() -> None:
    app, log = App(), list[str]()

    @app.before
    def first() -> None:
        log.append("1 before, sync")

    @app.around
    async def second(proceed: Proceed) -> Response:
        log.append("2 around, in")
        response = await proceed()
        log.append("2 around, out")
        return response

    @app.after
    def third() -> None:
        log.append("3 after, sync")

    @app.after
    async def fourth() -> None:
        log.append("4 after, async")

    @app.before
    async def fifth() -> None:
        log.append("5 before, async")

    @app.get("/")
    async def index() -> str:
        log.append("handler")
        return ""

    with Client(app) as client:
        client.get("/")

    assert log == [
        "1 before, sync",
        "2 around, in",
        "5 before, async",
        "handler",
        "4 after, async",
        "3 after, sync",
        "2 around, out",
    ]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_hook_that_answers_ends_the_way_inwards(is_async: bool) -> None:
    app, log = App(), list[str]()

    @app.after
    def outside(response: Response) -> None:
        log.append(f"outside saw {response.status}")

    def refuse(request: Request) -> str | None:
        return "closed" if "x-closed" in request.headers else None

    async def refuse_async(request: Request) -> str | None:
        return refuse(request)

    app.before(refuse_async if is_async else refuse)

    @app.after
    def inside() -> None:
        log.append("inside")

    @app.get("/", status=201)
    async def index() -> str:
        log.append("handler")
        return "open"

    with Client(app) as client:
        assert client.get("/", headers={"x-closed": "1"}).text == "closed"
        refused = log.copy()
        log.clear()
        assert client.get("/").text == "open"

    assert [line for line in refused if not line.startswith("outside")] == []
    assert log == ["handler", "inside", "outside saw 201"]


def test_hooks_may_change_the_answer_or_replace_it() -> None:
    app = App()

    @app.after
    def replace(request: Request, response: Response) -> Response | None:
        return (
            Response("replaced", headers=dict(response.headers)) if "x-replace" in request.headers else None
        )

    @app.after
    async def change(response: Response) -> None:
        response.headers["x-changed"] = "yes"

    @app.get("/")
    def index() -> str:
        return "as written"

    with Client(app) as client:
        kept, replaced = client.get("/"), client.get("/", headers={"x-replace": "1"})

    assert (kept.text, kept.headers["x-changed"]) == ("as written", "yes")
    assert (replaced.text, replaced.headers["x-changed"]) == ("replaced", "yes")
