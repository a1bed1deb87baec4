"""F35: a URL is built from the name of a route, or its handler, and the parameters of its path."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from bistro import App, Request
from bistro.routing import UnknownRoute, WrongUrlParameter
from bistro.testing import Client

KEY = UUID("0190f1c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f")


def echo(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.path_parameters.items()}


def make_app() -> App:
    app = App()
    for name, path in {
        "home": "/",
        "item": "/items/{id:int}",
        "day": "/days/{when:date}/{key:uuid}",
        "note": "/notes/{title}",
        "file": "/files/{path:path}",
    }.items():
        app.get(path, name=name)(echo)
    return app


@pytest.mark.parametrize(
    ("name", "parameters", "url"),
    [
        ("home", {}, "/"),
        ("item", {"id": 42}, "/items/42"),
        ("day", {"when": date(2026, 11, 30), "key": KEY}, f"/days/2026-11-30/{KEY}"),
        ("note", {"title": "a/b? c#d&é"}, "/notes/a%2Fb%3F%20c%23d%26%C3%A9"),
        ("file", {"path": "a b/c.txt"}, "/files/a%20b/c.txt"),
    ],
)
def test_url_is_quoted_and_leads_back_to_its_route_with_the_same_values(
    name: str, parameters: dict[str, Any], url: str
) -> None:
    app = make_app()
    built = app.url(name, **parameters)
    with Client(app) as client:
        arrived = client.get(built).json()

    assert built.replace("&", "%26") == url
    assert arrived == {key: str(value) for key, value in parameters.items()}


def test_handler_stands_for_its_route_also_in_a_request() -> None:
    app = App()

    @app.get("/items/{id:int}")
    async def show(id: int, request: Request) -> str:
        return request.url_for(show, id=id + 1) + " " + request.url_for("show", id=id + 2)

    assert app.url(show, id=1) == "/items/1"
    with Client(app) as client:
        assert client.get("/items/1").text == "/items/2 /items/3"


@pytest.mark.parametrize(
    ("name", "parameters", "error", "hint"),
    [
        ("itme", {"id": 1}, UnknownRoute, "Did you mean 'item'"),
        ("item", {}, WrongUrlParameter, "id"),
        ("item", {"id": "seven"}, WrongUrlParameter, "id"),
        ("item", {"id": 1, "page": 2}, WrongUrlParameter, "page"),
    ],
)
def test_wrong_name_or_parameters_raise_and_say_what_is_wrong(
    name: str, parameters: dict[str, Any], error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        make_app().url(name, **parameters)
