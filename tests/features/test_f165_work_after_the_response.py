"""F165: a handler leaves work behind that is done once its answer has been sent."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from bistro import App, Background
from bistro.testing import AsyncClient, LiveServer
from tests.features.support import TIMEOUT_SECONDS, fetch


def test_answer_arrives_while_the_work_still_waits() -> None:
    app, log = App(), list[str]()
    answered, done = threading.Event(), threading.Event()

    def send_mail(to: str, *, subject: str) -> None:
        # Blocks, as sending mail does: the client has its answer all the same.
        log.append("answered first" if answered.wait(TIMEOUT_SECONDS) else "before the answer")
        log.append(f"{subject} to {to}")

    async def note() -> None:
        log.append("noted")
        done.set()

    @app.post("/orders")
    async def order(background: Background) -> str:
        background.add(send_mail, "ada@example.com", subject="Welcome")
        background.add(note)
        return "thank you"

    with LiveServer(app) as server:
        answer = fetch(server, "/orders", "POST")
        answered.set()
        assert done.wait(TIMEOUT_SECONDS)

    assert answer.text == "thank you"
    assert log == ["answered first", "Welcome to ada@example.com", "noted"]


def test_stopping_app_waits_for_the_work() -> None:
    app, log = App(), list[str]()

    async def serve_and_stop() -> bool:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            await go_on.wait()
            log.append("work done")

        @app.get("/")
        async def index(background: Background) -> str:
            background.add(work)
            return ""

        client = AsyncClient(app)
        await client.get("/")
        await begun.wait()
        stopping = asyncio.create_task(client.close())
        for _ in range(20):
            await asyncio.sleep(0)
        has_waited = not stopping.done()
        go_on.set()
        await stopping
        return has_waited

    app.on_stop(lambda: log.append("app stopped"))

    assert asyncio.run(serve_and_stop())
    assert log == ["work done", "app stopped"]


def test_work_that_fails_is_logged_and_keeps_nothing_else_from_running(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, done = App(), threading.Event()

    def fail() -> None:
        raise ConnectionError("no mail server")

    @app.get("/")
    async def index(background: Background) -> str:
        background.add(fail)
        background.add(done.set)
        return "fine"

    with caplog.at_level(logging.ERROR), LiveServer(app) as server:
        answer = fetch(server, "/")
        assert done.wait(TIMEOUT_SECONDS)

    assert (answer.status, answer.text) == (200, "fine")
    assert "no mail server" in caplog.text
