"""F40: HEAD and OPTIONS are answered for every route without work."""

from __future__ import annotations

import pytest

from bistro import App, Response
from bistro.testing import Client, LiveServer
from tests.features.support import connect, fetch, receive_until


def make_app() -> App:
    app = App()

    @app.get("/page")
    async def page() -> Response:
        return Response("<p>hello</p>", content_type="text/html", headers={"x-note": "hi"})

    @app.get("/items/{id:int}")
    async def show(id: int) -> dict[str, int]:
        return {"id": id}

    @app.post("/items/{id:int}")
    async def change(id: int) -> str:
        return "changed"

    @app.get("/own")
    async def own() -> str:
        return "for GET"

    @app.head("/own")
    async def own_head() -> Response:
        return Response(headers={"x-made-for": "HEAD"})

    return app


@pytest.mark.parametrize("target", ["/page", "/items/7", "/nothing"])
def test_head_has_the_status_and_headers_of_get_and_no_body(target: str) -> None:
    changing = {"date", "x-request-id"}
    with LiveServer(make_app()) as server:
        got, head = fetch(server, target), fetch(server, target, "HEAD")
        with connect(server) as connection:
            request = f"HEAD {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            raw = receive_until(connection, b"\r\n\r\n")
            rest = connection.recv(1024)

    assert head.status == got.status
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }
    assert head.headers["content-length"] == str(len(got.body)) != "0"
    assert raw.partition(b"\r\n\r\n")[2] + rest == b""


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/page", {"GET", "HEAD", "OPTIONS"}),
        ("/items/7", {"GET", "HEAD", "POST", "OPTIONS"}),
    ],
)
def test_options_tells_the_methods_of_the_path(target: str, allowed: set[str]) -> None:
    with LiveServer(make_app()) as server:
        answer = fetch(server, target, "OPTIONS")

    assert (answer.status, answer.body) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_options_of_a_path_that_is_not_there_is_404() -> None:
    with Client(make_app()) as client:
        assert client.options("/nothing").status == 404


def test_a_handler_of_ones_own_for_head_comes_first() -> None:
    with Client(make_app()) as client:
        assert client.head("/own").headers["x-made-for"] == "HEAD"
        assert client.get("/own").text == "for GET"
