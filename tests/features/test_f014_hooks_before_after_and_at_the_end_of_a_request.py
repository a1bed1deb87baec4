"""F14: hooks before, after and at the end of a request all have the request at hand, whatever happens."""

from __future__ import annotations

import pytest

from bistro import App, NotFound, Request, Response
from bistro.testing import Client


def make_app(log: list[str]) -> App:
    app = App()

    @app.before
    def begin(request: Request) -> None:
        log.append(f"before {request.path}")

    @app.after
    async def finish(request: Request, response: Response) -> None:
        log.append(f"after {request.path} {response.status}")

    def tear_down(request: Request, status: int, seconds: float) -> None:
        log.append(f"end {request.path} {status} {'timed' if seconds >= 0 else 'untimed'}")

    app.observe(tear_down)

    @app.get("/fine")
    async def fine() -> str:
        log.append("handler")
        return "fine"

    @app.get("/missing")
    async def missing() -> str:
        raise NotFound("There is no such thing.")

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError

    return app


@pytest.mark.parametrize(
    ("path", "status", "handled"),
    [
        ("/fine", 200, ["handler"]),
        ("/missing", 404, []),
        ("/broken", 500, []),
        ("/nowhere", 404, []),
    ],
)
def test_all_three_run_once_for_every_answer_and_know_the_request(
    path: str, status: int, handled: list[str]
) -> None:
    log: list[str] = []
    with Client(make_app(log), raise_server_errors=False) as client:
        assert client.get(path).status == status

    assert log == [f"before {path}", *handled, f"after {path} {status}", f"end {path} {status} timed"]
