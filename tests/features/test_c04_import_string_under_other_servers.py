"""C4: uvicorn, hypercorn, granian and gunicorn take the import string, by ASGI, RSGI or WSGI."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.features.support import TIMEOUT_SECONDS

APP = """
import pathlib

from bistro import App, Request

app = App()
wsgi = app.wsgi
app.on_start(lambda: pathlib.Path("log").write_text("started"))
app.on_stop(lambda: pathlib.Path("log").write_text("stopped"))

@app.post("/echo/{name}")
async def echo(name: str, page: int, request: Request) -> dict[str, object]:
    return {"name": name, "page": page, "body": (await request.body()).decode()}
"""
GRANIAN = ["-m", "granian", "--port", "{port}", "--log-level", "warning", "--interface"]
GUNICORN = ["-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket"]
COMMANDS = {
    "uvicorn": ["-m", "uvicorn", "app:app", "--port", "{port}", "--log-level", "warning"],
    "hypercorn": ["-m", "hypercorn", "app:app", "--bind", "127.0.0.1:{port}"],
    "granian": [*GRANIAN, "asgi", "app:app"],
    "granian, RSGI": [*GRANIAN, "rsgi", "app:app"],
    "granian, WSGI": [*GRANIAN, "wsgi", "--blocking-threads", "1", "app:app.wsgi"],
    "gunicorn, ASGI": [*GUNICORN, "--worker-class", "asgi", "app:app"],
    "gunicorn, WSGI": [*GUNICORN, "app:wsgi"],
    "gunicorn, loaded before the fork": [*GUNICORN, "--preload", "--threads", "4", "app:wsgi"],
}


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def run_server(name: str, folder: Path, root: Path) -> Iterator[int]:
    """The server in a process of its own; gives its port and ends it with SIGTERM."""
    port = find_free_port()
    env = {"PATH": os.defpath, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *(word.format(port=port) for word in COMMANDS[name])]
    with (folder / "errors").open("w+") as errors:
        # A session of its own, so that its workers end with it, whatever happens.
        process = subprocess.Popen(command, cwd=folder, env=env, stderr=errors, start_new_session=True)
        try:
            wait_for_server(process, port, folder / "errors")
            yield port
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_server(process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
    """Another project's server has no way to tell that it listens, so it is asked until it answers."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"the server does not answer: {errors.read_text()}")


@pytest.mark.slow
@pytest.mark.parametrize("server", COMMANDS)
def test_server_starts_the_app_answers_with_it_and_stops_it(server: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")

    with run_server(server, tmp_path, root) as port:
        target = f"http://127.0.0.1:{port}/echo/caf%C3%A9"
        with urllib.request.urlopen(f"{target}?page=2", b"hello", timeout=TIMEOUT_SECONDS) as answer:
            document = json.load(answer)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{target}?page=x", b"", timeout=TIMEOUT_SECONDS)
        status, kind = refused.value.code, refused.value.headers["content-type"]
        refused.value.close()
        log_while_serving = (tmp_path / "log").read_text()

    assert document == {"name": "café", "page": 2, "body": "hello"}
    assert (status, kind) == (422, "application/problem+json")
    assert log_while_serving == "started"
    assert (tmp_path / "log").read_text() == "stopped"
