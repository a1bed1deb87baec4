"""F30: a decorator on a function makes it the handler of a method and path."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.testing import Client

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_its_decorator(method: str) -> None:
    app, called = App(), list[str]()

    @getattr(app, method.lower())("/here")
    async def handle() -> str:
        called.append(method)
        return ""

    with Client(app) as client:
        assert client.request(method, "/here").status == 200
        assert client.request(method, "/elsewhere").status == 404

    assert called == [method]


def test_one_decorator_takes_several_methods_of_ones_own_too() -> None:
    app = App()

    @app.route(["POST", "PUT", "PURGE"], "/cache")
    def change() -> str:
        return "changed"

    with Client(app) as client:
        texts = [client.request(method, "/cache").text for method in ("POST", "PUT", "PURGE")]
        status = client.get("/cache").status

    assert (texts, status) == (["changed"] * 3, 405)


def test_decorated_function_stays_what_it_was_and_may_have_several_routes() -> None:
    app = App()

    @app.get("/")
    @app.get("/index")
    def index() -> str:
        return "index"

    assert index() == "index"
    with Client(app) as client:
        assert [client.get(path).text for path in ("/", "/index")] == ["index", "index"]
