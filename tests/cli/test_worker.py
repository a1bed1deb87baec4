from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from bistro.serving.run import Binding
from tests.cli.conftest import Site
from tests.cli.processes import environment, fetch

pytestmark = pytest.mark.slow


def test_worker_says_when_it_is_ready_and_ends_with_its_lifeline(hello: Site) -> None:
    ours, theirs = socket.socketpair()
    with Binding(port=0).open() as sock, ours, theirs:
        numbers = (sock.fileno(), theirs.fileno())
        command = [sys.executable, "-m", "bistro", "serve-worker", "--fd", "%d", "--lifeline", "%d"]
        words = " ".join(command[1:]) % numbers
        process = subprocess.Popen(
            [sys.executable, *words.split()],
            cwd=hello.folder,
            env=environment(),
            pass_fds=numbers,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        try:
            ours.settimeout(30)
            assert ours.recv(1) == b"r"
            assert fetch(sock.getsockname()[1]) == (200, "Hello from Bistro")
            ours.close()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
