"""C5: Bistro mounts Flask, Django, Starlette and FastAPI (see F6), and is mounted by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from a2wsgi import ASGIMiddleware
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Mount
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client as WerkzeugClient

from bistro import App, Request


def make_app() -> App:
    app = App(root_path="/shop")

    @app.get("/items/{id:int}")
    async def show(id: int, request: Request) -> dict[str, str]:
        return {
            "of the request": request.url_for(show, id=id),
            "of the app": app.url(show, id=id),
            "path": request.path,
            "url": str(request.url),
        }

    @app.get("/folder/")
    async def folder() -> str:
        return "folder"

    app.redirect("/old", "/folder/")

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


# ASGI: each gives a function from method, path and body to status, headers and body.


def under_starlette(app: App) -> Any:
    return Starlette(routes=[Mount("/shop", app)])


def under_fastapi(app: App) -> Any:
    fastapi = FastAPI()
    fastapi.mount("/shop", app)
    return fastapi


def beside_django(app: App) -> Any:
    from tests.features import django_site

    async def dispatch(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/shop/"):
            await app({**scope, "root_path": "/shop"}, receive, send)
        else:
            await django_site.asgi(scope, receive, send)

    return dispatch


def under_bistro(app: App) -> Any:
    outer = App(defaults=False)
    outer.mount("/shop", app)
    return outer


def under_flask(app: App) -> Any:
    return DispatcherMiddleware(Flask("outer"), {"/shop": app.wsgi})


def beside_django_by_wsgi(app: App) -> Any:
    from tests.features import django_site

    return DispatcherMiddleware(django_site.wsgi, {"/shop": app.wsgi})


Ask = Callable[..., Any]


def client_of(outer: Any, is_asgi: bool) -> WerkzeugClient:
    """One client for both worlds; ASGI applications are called through a bridge in a loop of its own."""
    return WerkzeugClient(ASGIMiddleware(outer) if is_asgi else outer)


@pytest.fixture(
    params=[under_starlette, under_fastapi, beside_django, under_bistro, under_flask, beside_django_by_wsgi]
)
def client(request: pytest.FixtureRequest) -> WerkzeugClient:
    make = request.param
    return client_of(make(make_app()), make not in (under_flask, beside_django_by_wsgi))


def test_urls_begin_with_the_place_and_paths_do_not(client: WerkzeugClient) -> None:
    assert client.get("/shop/items/7?a=b").get_json() == {
        "of the request": "/shop/items/7",
        "of the app": "/shop/items/7",
        "path": "/items/7",
        "url": "http://localhost/shop/items/7?a=b",
    }


def test_redirects_stay_in_the_place(client: WerkzeugClient) -> None:
    assert client.get("/shop/folder").headers["location"] == "/shop/folder/"
    assert client.get("/shop/old").headers["location"] == "/shop/folder/"


def test_bodies_and_errors_pass(client: WerkzeugClient) -> None:
    assert client.post("/shop/size", data=b"x" * 100_000).get_data() == b"100000"
    assert client.post("/shop/size", data=b"x" * 3_000_000).status_code == 413
    assert client.get("/shop/items/x").status_code == 404
