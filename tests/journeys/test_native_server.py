"""Ordinary clients at Bistro's own server, as a process of its own: what they need of HTTP/1.1 works."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SITE = """
import asyncio

from bistro import App, Request, Stream

app = App()


@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"


@app.get("/slow/{milliseconds:int}")
async def slow(milliseconds: int) -> str:
    await asyncio.sleep(milliseconds / 1000)
    return "done"


@app.post("/size")
async def size(request: Request) -> str:
    count = 0
    async for piece in request.stream(size_max=100_000_000):
        count += len(piece)
    return str(count)


@app.get("/ticks")
async def ticks() -> Stream:
    async def pieces():
        for number in range(3):
            yield f"data: {number}\\n\\n"
            await asyncio.sleep(0.01)

    return Stream(pieces(), content_type="text/event-stream")


@app.get("/large")
async def large() -> bytes:
    return b"x" * 30_000_000
"""


@dataclass
class Running:
    """A server process."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(root: Path, folder: Path) -> Running:
    """`bistro run` with the site in `folder`, ready to answer."""
    (folder / "app.py").write_text(SITE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(root),
        "BISTRO_ENV": "production",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    log = (folder / "log").open("wb")
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bistro", "run", "--port", str(port)],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
        )
    ends = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                process.kill()
                process.wait()
                pytest.fail((folder / "log").read_text())
            time.sleep(0.02)  # another process starts; there is nothing to wait on
        else:
            return Running(process, port)


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(root, tmp_path_factory.mktemp("native"))
    yield running
    running.process.terminate()
    assert running.process.wait(15) == 0


def test_a_connection_is_used_again_and_again(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    used = connection.sock
    for _ in range(100):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"Hello from Bistro"
    assert connection.sock is used
    connection.close()


def test_the_standard_library_reads_it(server: Running) -> None:
    with urllib.request.urlopen(server.url + "/", timeout=10) as answer:
        assert answer.status == 200
        assert answer.read() == b"Hello from Bistro"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/"], "Hello from Bistro"),
        (["--http1.0", "/"], "Hello from Bistro"),
        (["--http2", "/"], "Hello from Bistro"),
        (["-H", "Expect: 100-continue", "--data-binary", "@large", "/size"], "5000000"),
        (["-H", "Transfer-Encoding: chunked", "--data-binary", "@large", "/size"], "5000000"),
        (["/ticks"], "data: 0\n\ndata: 1\n\ndata: 2\n\n"),
        (["-I", "-o", "/dev/null", "-w", "%{http_code}", "/"], "200"),
        (["-X", "DELETE", "-o", "/dev/null", "-w", "%{http_code}", "/"], "405"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_curl_gets_what_it_asks_for(
    arguments: list[str], expected: str, server: Running, tmp_path: Path
) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl is installed")
    (tmp_path / "large").write_bytes(b"x" * 5_000_000)
    done = subprocess.run(
        [curl, "-sS", "--max-time", "20", *arguments[:-1], server.url + arguments[-1]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == (expected, "")


def test_a_client_with_a_pipe_may_close_its_side_and_read_on(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(b"GET /slow/100 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        data = b""
        while piece := client.recv(1 << 16):
            data += piece
    assert data.endswith(b"done")


def test_a_large_upload_and_a_large_answer_come_through_whole(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/size", b"x" * 40_000_000)
    assert connection.getresponse().read() == b"40000000"
    connection.request("GET", "/large")
    assert len(connection.getresponse().read()) == 30_000_000
    connection.close()


@pytest.mark.timed
def test_fifty_clients_wait_at_once_and_none_for_another(server: Running) -> None:
    def ask(number: int) -> bytes:
        with urllib.request.urlopen(server.url + "/slow/300", timeout=10) as answer:
            content: bytes = answer.read()
            return content

    started = time.perf_counter()
    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {b"done"}
    assert time.perf_counter() - started < 5


def test_a_stop_answers_what_is_in_hand_and_ends_well(root: Path, tmp_path: Path) -> None:
    running = start(root, tmp_path)
    idle = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    idle.request("GET", "/")
    idle.getresponse().read()
    heard: list[tuple[bytes, str | None]] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        connection.request("GET", "/slow/500")
        asked.release()
        answer = connection.getresponse()
        heard.append((answer.read(), answer.getheader("connection")))
        connection.close()

    asked = threading.Semaphore(0)
    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for _ in threads:
        asked.acquire(timeout=10)
    # The requests are sent; one answer on another connection shows that they were read before it.
    with urllib.request.urlopen(running.url + "/", timeout=10) as answer:
        answer.read()
    running.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(10)
    assert running.process.wait(10) == 0
    assert heard == [(b"done", "close")] * 12
    assert idle.sock.recv(1) == b""
    idle.close()
