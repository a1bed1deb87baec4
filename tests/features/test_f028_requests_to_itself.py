"""F28: a handler asks its own app for something, in the process, and gets the whole answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bistro import App, Body, NotFound, Request, Response
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


@pytest.fixture
def app() -> App:
    app = App()

    @app.get("/items/{id:int}")
    async def show(id: int, request: Request, part: str = "") -> dict[str, object]:
        if id > 9:
            raise NotFound
        return {
            "id": id,
            "part": part,
            "user": request.cookies.get("user"),
            "host": request.host,
            "url": request.url_for(show, id=id),
            "request": request.id,
        }

    @app.post("/size")
    def size(data: Body[list[int]]) -> int:
        return len(data)

    @app.get("/endless")
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    @app.get("/batch")
    async def batch(request: Request) -> list[object]:
        answers = [await app.subrequest(f"/items/{number}?part=a%20b", of=request) for number in (1, 10)]
        sized = await app.subrequest(
            "/size", of=request, method="POST", body=b"[1,2]", headers={"content-type": "application/json"}
        )
        return [
            [answer.status, answer.headers.get("content-type"), answer.body.decode()]
            for answer in (*answers, sized)
        ]

    @app.get("/pass-on")
    async def pass_on(request: Request) -> Response:
        return await app.subrequest("/items/3", of=request)

    @app.get("/round")
    async def go_round(request: Request) -> Response:
        return await app.subrequest("/round", of=request)

    @app.get("/too-much")
    async def too_much(request: Request) -> Response:
        return await app.subrequest("/endless", of=request, size_max=100_000)

    return app


def test_answers_are_those_that_a_client_would_get(app: App) -> None:
    with LiveServer(app) as server:
        found, missing, sized = fetch_json(server, "/batch")
    assert found[0] == 200
    assert '"part":"a b"' in found[2]
    assert '"user":"ann"' in found[2]
    assert missing[:2] == [404, "application/problem+json"]
    assert sized[2] == "2"


def fetch_json(server: LiveServer, path: str) -> list[list[object]]:
    found: list[list[object]] = json.loads(fetch(server, path, headers={"cookie": "user=ann"}).body)
    return found


def test_answer_can_be_passed_on_with_one_id_for_both(app: App) -> None:
    with Client(app) as client:
        answer = client.get("/pass-on", headers={"x-request-id": "abc"})
    assert answer.json()["request"] == "abc"
    assert answer.headers.get_all("x-request-id") == ["abc"]
    assert answer.headers.get_all("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize("path", ["/round", "/too-much"])
def test_what_would_never_end_is_a_500(app: App, path: str, caplog: pytest.LogCaptureFixture) -> None:
    with LiveServer(app) as server:
        assert fetch(server, path).status == 500
    assert "within each other" in caplog.text or "larger than 100,000 bytes" in caplog.text


def test_client_that_goes_away_cancels_what_was_asked_for_it() -> None:
    app, told = App(defaults=False), []

    @app.get("/wait")
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("cancelled")

    @app.get("/")
    async def ask(request: Request) -> Response:
        return await app.subrequest("/wait", of=request)

    async def drive() -> None:
        coroutine = app.handle(MemoryExchange())
        assert coroutine is not None
        task = asyncio.ensure_future(coroutine)
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)

    asyncio.run(drive())
    assert told == ["cancelled"]
