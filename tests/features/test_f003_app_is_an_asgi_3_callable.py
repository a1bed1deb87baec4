"""F3: an app is itself an ASGI 3 callable, with no adapter between it and the server."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import threading
import urllib.request
from typing import Any

from bistro import App, Request
from tests.features.support import TIMEOUT_SECONDS

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/echo/ä",
    "raw_path": b"/echo/%C3%A4",
    "query_string": b"page=2",
    "root_path": "",
    "headers": [(b"host", b"localhost"), (b"x-note", b"hi")],
    "client": ("192.0.2.7", 50000),
    "server": ("127.0.0.1", 80),
}
ECHOED = {"name": "ä", "page": 2, "note": "hi", "body": "hello world"}


def make_app(log: list[str]) -> App:
    app = App()
    app.on_start(lambda: log.append("started"))
    app.on_stop(lambda: log.append("stopped"))

    @app.post("/echo/{name}")
    async def echo(name: str, page: int, request: Request) -> dict[str, object]:
        body = (await request.body()).decode()
        return {"name": name, "page": page, "note": request.headers["x-note"], "body": body}

    return app


async def drive(app: App, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Call `app` with one scope and these incoming messages; everything that it sent."""
    incoming, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_app_takes_scope_receive_and_send() -> None:
    assert list(inspect.signature(App(defaults=False).__call__).parameters) == ["scope", "receive", "send"]


def test_app_answers_a_hand_driven_exchange_and_the_lifespan_around_it() -> None:
    log: list[str] = []
    app = make_app(log)

    async def serve() -> list[dict[str, Any]]:
        incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        lifespan = asyncio.create_task(app(scope, incoming.get, outgoing.put))
        await incoming.put({"type": "lifespan.startup"})
        assert await outgoing.get() == {"type": "lifespan.startup.complete"}
        log.append("asked")
        sent = await drive(
            app,
            SCOPE,
            {"type": "http.request", "body": b"hello ", "more_body": True},
            {"type": "http.request", "body": b"world", "more_body": False},
        )
        await incoming.put({"type": "lifespan.shutdown"})
        assert await outgoing.get() == {"type": "lifespan.shutdown.complete"}
        await lifespan
        return sent

    start, *bodies = asyncio.run(serve())

    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert dict(start["headers"])[b"content-type"] == b"application/json"
    assert {message["type"] for message in bodies} == {"http.response.body"}
    assert not bodies[-1].get("more_body", False)
    assert json.loads(b"".join(message["body"] for message in bodies)) == ECHOED
    assert log == ["started", "asked", "stopped"]


def test_the_same_app_runs_under_uvicorn() -> None:
    import uvicorn

    log: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_app(log), log_config=None, ws="none", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            # The socket listens already, so that the connection waits until uvicorn accepts it.
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/echo/%C3%A4?page=2", b"hello world", {"x-note": "hi"}
            )
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                document = json.load(answer)
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_SECONDS)

    assert document == ECHOED
    assert log == ["started", "stopped"]
