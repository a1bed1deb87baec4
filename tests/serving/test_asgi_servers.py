from __future__ import annotations

import asyncio
import socket
import threading
import time
import urllib.request

import pytest

from bistro.serving.asgi import AsgiAdapter
from tests.serving.asgi_wire import TEXT, FunctionApp


async def echo(exchange) -> None:
    body = await exchange.read_body(1000)
    text = f"{exchange.method} {exchange.raw_path}?{exchange.query_string} {body.decode()}"
    exchange.send(200, TEXT, text.encode())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def as_function(app: FunctionApp):
    adapter = AsgiAdapter(app)

    async def callable_(scope, receive, send):
        await adapter(scope, receive, send)

    return callable_


def ask(port: int) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/a%20b?c=d", data=b"hello", method="PUT")
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()


def test_application_runs_under_uvicorn():
    import uvicorn

    app = FunctionApp(echo)
    config = uvicorn.Config(as_function(app), port=free_port(), log_level="error", ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        answer = ask_until_ready(config.port)
    finally:
        server.should_exit = True
        thread.join(10)
    assert answer == "PUT /a%20b?c=d hello"
    assert app.log == ["start", "stop"]


def test_application_runs_under_hypercorn():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    app = FunctionApp(echo)
    config = Config()
    config.bind = [f"127.0.0.1:{free_port()}"]
    config.errorlog = None

    async def run() -> str:
        stop = asyncio.Event()
        server = asyncio.create_task(serve(as_function(app), config, shutdown_trigger=stop.wait))
        try:
            return await asyncio.to_thread(ask_until_ready, int(config.bind[0].rpartition(":")[2]))
        finally:
            stop.set()
            await server

    assert asyncio.run(run()) == "PUT /a%20b?c=d hello"
    assert app.log == ["start", "stop"]


def ask_until_ready(port: int) -> str:
    for _ in range(100):
        try:
            return ask(port)
        except OSError:
            time.sleep(0.05)  # a foreign server has no other way to tell that it listens
    pytest.fail("the server did not come up")
