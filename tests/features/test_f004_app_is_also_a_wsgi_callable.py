"""F4: an app is also a WSGI callable, with async handlers, streams and uploads as everywhere."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from bistro import App, Request


@pytest.fixture
def app() -> App:
    app = App(plans="written")

    @app.get("/async")
    async def wait() -> dict[str, str]:
        await asyncio.sleep(0)
        return {"from": "async"}

    @app.get("/sync")
    def block() -> str:
        return "sync"

    @app.get("/async-stream")
    async def count() -> AsyncIterator[str]:
        for number in range(3):
            yield f"{number}\n"

    @app.get("/sync-stream")
    def count_too() -> Iterator[str]:
        yield from ("a\n", "b\n")

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


def ask(app: App, method: str, path: str, body: bytes = b"") -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "HTTP_HOST": "localhost",
    }
    setup_testing_defaults(environ)
    environ |= {"wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "QUERY_STRING": ""}
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    begun: list[Any] = []
    answer = validator(app.wsgi)(environ, lambda status, headers, *_: begun.extend((status, dict(headers))))
    content = b"".join(answer)
    answer.close()
    return begun[0], begun[1], content


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/async", b'{"from":"async"}'),
        ("/sync", b"sync"),
        ("/async-stream", b"0\n1\n2\n"),
        ("/sync-stream", b"a\nb\n"),
    ],
)
def test_wsgi_server_gets_the_answers_of_every_kind_of_handler(app: App, path: str, content: bytes) -> None:
    status, headers, body = ask(app, "GET", path)

    assert (status, body) == ("200 OK", content)
    assert headers["x-content-type-options"] == "nosniff"


def test_limits_hold_under_wsgi_too(app: App) -> None:
    assert ask(app, "POST", "/size", b"x" * 100_000)[2] == b"100000"
    assert ask(app, "POST", "/size", b"x" * 2_100_000)[0] == "413 Content Too Large"
