"""Ten thousand people who look at a page and say nothing: what their WebSockets cost a worker (fault 10)."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.processes import Running
from tests.serving.websocket_wire import TEXT, frame

pytestmark = pytest.mark.slow
COUNT_MAX = 10_000
COUNT_MIN = 1_000
BYTES_EACH_MAX = 15 * 1024
P99_SECONDS_MAX = 0.050
TIMEOUT_SECONDS = 30.0
SITE = """
from bistro import App, WebSocket

app = App()

@app.websocket("/echo", compress=True)
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)
"""
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Origin: http://localhost\r\n\r\n"
)


@pytest.fixture
def count() -> Iterator[int]:
    """As many sockets as this machine lets a process have, with some room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(COUNT_MAX, hard - 500)
    if count < COUNT_MIN:
        pytest.skip(f"a process may have only {hard} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_socket(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
    client.sendall(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(4096)
    assert head.startswith(b"HTTP/1.1 101 ")
    return client


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def seconds_of_echo(client: socket.socket) -> float:
    began = time.perf_counter()
    client.sendall(frame(TEXT, b"hello"))
    assert client.recv(100) == b"\x81\x05hello"
    return time.perf_counter() - began


@pytest.mark.timed
def test_idle_sockets_cost_little_memory_and_nobody_else_time(tmp_path: Path, count: int) -> None:
    (tmp_path / "app.py").write_text(SITE)
    with Running(["run", "--no-reload", "--port", "0"], tmp_path) as running, ExitStack() as stack:
        port = running.wait_until_serving()
        clients = [stack.enter_context(open_socket(port)) for _ in range(100)]
        before = memory_of(running.process.pid)
        clients += [stack.enter_context(open_socket(port)) for _ in range(count - 100)]
        bytes_each = (memory_of(running.process.pid) - before) / (count - 100)

        # A busy machine only adds time, so the best of a few rounds counts.
        rounds = [sorted(map(seconds_of_echo, clients[:: count // 100])) for _ in range(5)]
        p99 = min(each[int(len(each) * 0.99) - 1] for each in rounds)

    assert bytes_each <= BYTES_EACH_MAX
    assert p99 < P99_SECONDS_MAX
