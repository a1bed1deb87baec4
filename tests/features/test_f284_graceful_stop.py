"""F284: a stop drains requests, event streams, WebSockets and the work behind answers."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.cli.processes import Running, fetch, is_alive

pytestmark = pytest.mark.slow

SITE = """
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from bistro import App, Background, EventStream, WebSocket

app = App()

async def work() -> None:
    await asyncio.sleep(0.5)
    Path("done").write_text("done")

def begun(what: str) -> None:
    print(f"{what} begins", file=sys.stderr, flush=True)

@app.get("/request")
async def request() -> str:
    begun("request")
    await asyncio.sleep(1)
    return "done"

async def ticks() -> AsyncIterator[str]:
    yield "tick"
    begun("stream")
    await asyncio.Event().wait()

@app.get("/stream")
async def stream() -> EventStream:
    return EventStream(ticks())

@app.get("/work")
async def order(background: Background) -> str:
    background.add(work)
    return "ordered"

@app.websocket("/socket")
async def socket(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)
"""


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Running:
    (tmp_path / "app.py").write_text(SITE)
    env = {"ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}
    return Running(["run", "--port", "0", "--workers", "2", "--log-level", "ERROR"], tmp_path, env)


@pytest.mark.parametrize("what", ["request", "stream"])
def test_f284_answers_under_way_come_to_their_end(running: Running, what: str) -> None:
    answers: list[tuple[int, str]] = []
    with running:
        port = running.wait_until_serving()
        client = threading.Thread(target=lambda: answers.append(fetch(port, f"/{what}")))
        client.start()
        running.wait_for_line(f"{what} begins")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        client.join()
    assert answers == [(200, "done" if what == "request" else "data: tick\n\n")]


def test_f284_websockets_are_closed_with_1001(running: Running) -> None:
    with running:
        port = running.wait_until_serving()
        with connect(f"ws://127.0.0.1:{port}/socket") as socket:
            socket.send("hello")
            assert socket.recv(10) == "hello"
            running.signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(10)
            assert running.wait() == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_f284_work_behind_an_answer_is_done(running: Running, tmp_path: Path) -> None:
    with running:
        assert fetch(running.wait_until_serving(), "/work") == (200, "ordered")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    assert (tmp_path / "done").read_text() == "done"
    assert not is_alive(running.process.pid)
