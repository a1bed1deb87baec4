"""A stop of the real server: event streams and long polls end at once, other answers take their time."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.cli.processes import Running

SITE = """
import asyncio, sys
from bistro import App, EventStream, Request, Stream, long_poll

app = App()

def tell(what):
    print(what, file=sys.stderr, flush=True)

@app.get("/events")
async def events() -> EventStream:
    async def made():
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            tell("closed")
    return EventStream(made())

@app.get("/poll")
async def poll(request: Request) -> str | None:
    tell("polls")
    return await long_poll(request, asyncio.Event().wait())

@app.get("/download")
async def download() -> Stream:
    async def made():
        yield "begin "
        await asyncio.sleep(0.3)
        yield "end"
    return Stream(made(), content_type="text/plain")
"""
SECONDS_MAX = 15.0


def ask(port: int, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return client


def receive(client: socket.socket, end: bytes = b"") -> bytes:
    """What comes, up to and with `end`, or to the end of the connection."""
    received = b""
    while not (end and end in received):
        piece = client.recv(4096)
        if not piece:
            break
        received += piece
    return received


@pytest.mark.timed
@pytest.mark.parametrize("mode", [["--workers", "1"], ["--workers", "2"]])
def test_everything_ends_whole_and_long_before_the_grace(tmp_path: Path, mode: list[str]) -> None:
    (tmp_path / "app.py").write_text(SITE)
    arguments = ["run", "--no-reload", "--grace", "60", "--port", "0", *mode]
    with Running(arguments, tmp_path, {"BISTRO_ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}) as running:
        port = running.wait_until_serving()
        with ask(port, "/events") as events, ask(port, "/poll") as poll, ask(port, "/download") as download:
            receive(events, b"data: first\n\n")
            running.wait_for_line("polls")
            receive(download, b"begin ")
            started = time.monotonic()
            running.signal(signal.SIGTERM)
            answers = [receive(client) for client in (events, poll, download)]
        code = running.wait()
        seconds = time.monotonic() - started

    assert answers[0].endswith(b"0\r\n\r\n")
    assert answers[1].startswith(b"HTTP/1.1 204 ")
    assert b"end" in answers[2]
    assert answers[2].endswith(b"0\r\n\r\n")
    assert (code, "closed" in running.text) == (0, True)
    assert seconds < SECONDS_MAX
