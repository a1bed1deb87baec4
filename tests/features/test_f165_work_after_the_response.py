"""F165: a handler leaves work behind that is done once its answer has been sent."""

from __future__ import annotations

import logging
import threading

import pytest

from bistro import App, Background
from bistro.testing import LiveServer
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


def test_work_is_finished_before_the_app_stops() -> None:
    app, log = App(), list[str]()
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        log.append("done" if go_on.wait(TIMEOUT_SECONDS) else "never let on")

    @app.get("/")
    def index(background: Background) -> str:
        background.add(work)
        return ""

    app.on_stop(lambda: log.append("stopped"))
    with LiveServer(app) as server:
        fetch(server, "/")
        assert begun.wait(TIMEOUT_SECONDS)
        # The work goes on only once the stop has begun: no new connection is taken any more.
        threading.Thread(target=release_when_closed, args=(server.port, go_on), daemon=True).start()

    assert log == ["done", "stopped"]
