from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro.serving.binding import Binding
from tests.cli.conftest import Site
from tests.cli.processes import environment, fetch

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def running_worker(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, int]]:
    """A worker that serves `folder`, its supervisor's end of the lifeline, and its port."""
    ours, theirs = socket.socketpair()
    with Binding(port=0).open() as sock, ours, theirs:
        numbers = (sock.fileno(), theirs.fileno())
        words = f"-m bistro serve-worker --fd {numbers[0]} --lifeline {numbers[1]}"
        process = subprocess.Popen(
            [sys.executable, *words.split()],
            cwd=folder,
            env=environment(),
            pass_fds=numbers,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(30)
        try:
            yield process, ours, sock.getsockname()[1]
        finally:
            process.kill()
            process.wait()


def test_worker_says_when_it_is_ready_and_ends_with_its_lifeline(hello: Site) -> None:
    with running_worker(hello.folder) as (process, lifeline, port):
        assert lifeline.recv(1) == b"r"
        assert fetch(port) == (200, "Hello from Bistro")
        lifeline.close()
        assert process.wait(30) == 0


def test_hang_up_while_the_app_is_imported_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "from bistro import App\n"
        "app = App()\n"
        "app.get('/')(lambda: 'still here')\n"
    )
    with running_worker(tmp_path) as (_, lifeline, port):
        assert lifeline.recv(1) == b"r"
        assert fetch(port) == (200, "still here")
