"""Real servers, each in a process of its own, with one app: its own server, and those of ASGI, RSGI and WSGI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS_MAX = 60.0
GRANIAN = [
    "-m",
    "granian",
    "--host",
    "127.0.0.1",
    "--port",
    "{port}",
    "--log-level",
    "warning",
    "--interface",
]
SERVERS = {
    # One worker, as the others have by default: sites of tests keep what they note in memory.
    "bistro": ["-m", "bistro", "run", "app:app", "--workers", "1", "--host", "127.0.0.1", "--port", "{port}"],
    "uvicorn": ["-m", "uvicorn", "app:app", "--port", "{port}", "--log-level", "error"],
    "hypercorn": ["-m", "hypercorn", "app:app", "--bind", "127.0.0.1:{port}"],
    "granian asgi": [*GRANIAN, "asgi", "app:app"],
    "granian rsgi": [*GRANIAN, "rsgi", "app:app"],
    "granian wsgi": [*GRANIAN, "wsgi", "--blocking-threads", "1", "app:app.wsgi"],
    "gunicorn": ["-m", "gunicorn", "app:wsgi", "--bind", "127.0.0.1:{port}", "--no-control-socket"],
}


@contextmanager
def serve_everywhere(folder: Path, root: Path, names: Iterable[str]) -> Iterator[dict[str, int]]:
    """The port of each server in `names`; each serves `app` of `folder`/app.py."""
    env = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{folder}{os.pathsep}{root}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "BISTRO_ENV": "production",
    }
    found, running = {}, []
    try:
        for name in names:
            found[name] = find_free_port()
            arguments = [part.format(port=found[name]) for part in SERVERS[name]]
            output = (folder / f"{name}.log").open("wb")
            with output:
                running.append(
                    subprocess.Popen(
                        [sys.executable, *arguments], cwd=folder, env=env, stdout=output, stderr=output
                    )
                )
        for name, process in zip(found, running, strict=True):
            wait_until_ready(name, found[name], process, folder)
        yield found
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def wait_until_ready(name: str, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10).read()
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                pytest.fail(f"{name} did not start:\n{(folder / f'{name}.log').read_text()[-3000:]}")
            time.sleep(0.05)  # another process starts; there is nothing to wait on
        else:
            return
