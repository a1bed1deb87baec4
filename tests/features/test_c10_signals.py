"""C10: SIGTERM drains; SIGHUP or a changed file reloads in development; a second Ctrl-C ends at once."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.cli.processes import Running, children_of, fetch, fetch_until, moments

pytestmark = pytest.mark.slow

SITE = """
import asyncio
import sys

from bistro import App

app = App()

@app.get("/")
async def hello() -> str:
    return "first"

@app.get("/slow/{seconds:int}")
async def slow(seconds: int) -> str:
    print("slow begins", file=sys.stderr, flush=True)
    await asyncio.sleep(seconds)
    return "done"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    return tmp_path


def ask_slowly(running: Running, port: int, seconds: int) -> tuple[threading.Thread, list[object]]:
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(fetch(port, f"/slow/{seconds}", timeout_seconds=40))
        except OSError as error:
            answers.append(type(error))

    client = threading.Thread(target=ask)
    client.start()
    running.wait_for_line("slow begins")
    return client, answers


def test_c10_sigterm_drains(folder: Path) -> None:
    with Running(["run", "--port", "0", "--grace", "5"], folder) as running:
        client, answers = ask_slowly(running, running.wait_until_serving(), 1)
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        client.join()
    assert answers == [(200, "done")]


def test_c10_a_changed_file_and_sighup_reload_in_development(folder: Path) -> None:
    with Running(["run", "--port", "0"], folder) as running:
        port = running.wait_until_serving()
        (folder / "app.py").write_text(SITE.replace("first", "second"))
        fetch_until(port, "second")
        before = children_of(running.process.pid)
        running.signal(signal.SIGHUP)
        assert any(children_of(running.process.pid) not in ([], before) for _ in moments())
        fetch_until(port, "second")


def test_c10_second_ctrl_c_ends_at_once(folder: Path) -> None:
    with Running(["run", "--port", "0", "--grace", "60"], folder) as running:
        port = running.wait_until_serving()
        client, answers = ask_slowly(running, port, 30)
        running.signal(signal.SIGINT)
        assert any(is_refused(port) for _ in moments())
        running.signal(signal.SIGINT)
        assert running.wait() == 130
        client.join()
    assert answers != [(200, "done")]


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False
