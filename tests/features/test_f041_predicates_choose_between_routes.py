"""F41: conditions on header, parameter, method, `Accept`, or of one's own choose between routes."""

from __future__ import annotations

from typing import Any

import pytest

from bistro import App, Response
from bistro.ground import Exchange
from bistro.routing import Predicate, accept, header, query
from bistro.testing import Client, ClientResponse


def is_at_night(exchange: Exchange) -> bool:
    """A predicate of the site's own."""
    return exchange.find_header(b"x-hour") in (b"23", b"0")


def make_app(*conditions: Predicate) -> App:
    """A path that two routes answer: one where all of `conditions` hold, the other else."""
    app = App()

    @app.get("/", when=conditions)
    async def special() -> str:
        return "special"

    @app.get("/")
    async def usual() -> str:
        return "usual"

    return app


def ask(app: App, **options: Any) -> ClientResponse:
    with Client(app) as client:
        return client.request(options.pop("method", "GET"), "/", **options)


@pytest.mark.parametrize(
    ("condition", "fitting", "other"),
    [
        (header("X-Beta"), {"headers": {"x-beta": ""}}, {}),
        (header("x-beta", "1"), {"headers": {"x-beta": "1"}}, {"headers": {"x-beta": "2"}}),
        (query("preview"), {"params": {"preview": ""}}, {"params": {"view": ""}}),
        (query("page", "2"), {"params": {"page": 2}}, {"params": {"page": 22}}),
        (
            accept("application/json"),
            {"headers": {"accept": "application/json, text/html;q=0.9"}},
            {"headers": {"accept": "text/html, application/json;q=0.9"}},
        ),
        (is_at_night, {"headers": {"x-hour": "23"}}, {"headers": {"x-hour": "12"}}),
    ],
    ids=["header", "header value", "parameter", "parameter value", "accept", "own"],
)
def test_route_answers_where_its_condition_holds_and_leaves_the_rest_to_the_other(
    condition: Predicate, fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    app = make_app(condition)

    assert (ask(app, **fitting).text, ask(app, **other).text) == ("special", "usual")


def test_all_conditions_of_a_route_must_hold() -> None:
    app = make_app(header("x-beta"), is_at_night)

    assert ask(app, headers={"x-beta": "1", "x-hour": "23"}).text == "special"
    assert ask(app, headers={"x-beta": "1"}).text == "usual"
    assert ask(app, headers={"x-hour": "23"}).text == "usual"


def test_method_is_a_condition_too_and_a_path_without_any_that_fits_is_not_found() -> None:
    app = App()

    @app.get("/", when=[header("x-beta")])
    async def show() -> str:
        return "shown"

    @app.post("/", when=[query("really")])
    async def change() -> Response:
        return Response("changed")

    assert ask(app, headers={"x-beta": "1"}).text == "shown"
    assert ask(app, method="POST", params={"really": 1}).text == "changed"
    assert ask(app, method="GET").status == 404
    assert ask(app, method="POST").status == 404
