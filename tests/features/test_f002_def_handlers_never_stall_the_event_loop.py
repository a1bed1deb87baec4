"""F2: `async def` and `def` handlers stand side by side; a `def` handler that blocks delays nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from bistro import App
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, fetch

BLOCKED_AT_ONCE = 5


def test_others_are_answered_while_def_handlers_block() -> None:
    app = App()
    entered, release = threading.Semaphore(0), threading.Event()

    @app.get("/blocking")
    def block() -> str:
        entered.release()
        return "released" if release.wait(TIMEOUT_SECONDS) else "never released"

    @app.get("/async")
    async def answer_async() -> str:
        return "async"

    @app.get("/plain")
    def answer_plainly() -> str:
        return "plain"

    with LiveServer(app) as server, ThreadPoolExecutor(BLOCKED_AT_ONCE) as clients:
        try:
            blocked = [clients.submit(fetch, server, "/blocking") for _ in range(BLOCKED_AT_ONCE)]
            for _ in range(BLOCKED_AT_ONCE):
                assert entered.acquire(timeout=TIMEOUT_SECONDS)
            meanwhile = [fetch(server, target).text for target in ("/async", "/plain") * 10]
            none_was_released = not any(each.done() for each in blocked)
        finally:
            release.set()
        texts = [each.result().text for each in blocked]

    assert meanwhile == ["async", "plain"] * 10
    assert none_was_released
    assert texts == ["released"] * BLOCKED_AT_ONCE


def test_both_kinds_take_the_same_parameters_and_give_the_same_answers() -> None:
    app = App()

    @app.get("/async/{id:int}")
    async def show_async(id: int, tag: str = "") -> dict[str, object]:
        return {"id": id, "tag": tag}

    @app.get("/def/{id:int}")
    def show_plainly(id: int, tag: str = "") -> dict[str, object]:
        return {"id": id, "tag": tag}

    with LiveServer(app) as server:
        answers = [fetch(server, f"/{kind}/7?tag=x") for kind in ("async", "def")]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body == b'{"id":7,"tag":"x"}'
