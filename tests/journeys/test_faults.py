"""What goes wrong in and around a server that runs: `bistro run` as a process, and what its users see."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.processes import Running, children_of, fetch, moments, run_to_end, take_free_port

pytestmark = pytest.mark.slow

BLOCKING = """
import time

from bistro import App

app = App()

@app.get("/")
async def hello() -> str:
    return "hello"

@app.get("/blocks")
async def blocks() -> str:
    time.sleep(1.6)
    return "done"

@app.get("/in-thread")
def waits() -> str:
    time.sleep(1.6)
    return "done"
"""


def log_lines(running: Running, event: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in running.lines if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


@pytest.mark.timed
@pytest.mark.parametrize("mode", [["--no-reload"], ["--workers", "2"], ["--reload"]])
def test_a_handler_that_blocks_the_event_loop_is_named_within_a_second_or_so(
    tmp_path: Path, mode: list[str]
) -> None:
    (tmp_path / "app.py").write_text(BLOCKING)
    with Running(["run", "--port", "0", *mode], tmp_path) as running:
        port = running.wait_until_serving()
        asked_at = time.monotonic()
        client = threading.Thread(target=fetch, args=(port, "/blocks"))
        client.start()
        running.wait_for_line("event_loop.blocked")
        seconds = time.monotonic() - asked_at
        client.join()
        (line,) = log_lines(running, "event_loop.blocked")
    assert line["where"] == "app.py:14 blocks"
    assert line["level"] == "warning"
    assert seconds < 1.6


def test_a_handler_that_blocks_a_thread_is_nobodys_matter(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(BLOCKING)
    with Running(["run", "--no-reload", "--port", "0"], tmp_path) as running:
        port = running.wait_until_serving()
        assert fetch(port, "/in-thread") == (200, "done")
        # It is told as slow, not as one that kept others waiting.
        assert any(log_lines(running, "slow request") for _ in moments())
        assert log_lines(running, "event_loop.blocked") == []


def test_a_worker_that_is_blocked_for_good_is_replaced_and_others_serve_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(BLOCKING.replace("1.6", "3600"))
    with Running(["run", "--workers", "2", "--port", "0", "--max-blocked", "1"], tmp_path) as running:
        port = running.wait_until_serving()
        with connect(port) as victim:
            victim.sendall(b"GET /blocks HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            blocked = int(running.wait_for_line(r"The event loop of worker (\d+) is blocked for good")[1])
            assert victim.recv(100) == b""
        assert any(len(set(children_of(running.process.pid)) - {blocked}) == 2 for _ in moments())
        assert fetch(port) == (200, "hello")


# --- out of descriptors -----------------------------------------------------------------------------------

FEW = 64


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask_anew(port: int) -> bytes:
    with connect(port) as client:
        return ask(client)


def ask(client: socket.socket) -> bytes:
    """The beginning of the answer; nothing where the connection is refused."""
    try:
        client.sendall(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        return client.recv(4096)[:12]
    except ConnectionError:
        return b""


def processor_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.timed
def test_a_server_out_of_descriptors_refuses_new_clients_serves_the_old_and_recovers(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(BLOCKING)
    bistro = f"{sys.executable} -m bistro run --workers 1 --port 0 --env production"
    shell = ["sh", "-c", f"ulimit -n {FEW}; exec {bistro}"]
    with Running([], tmp_path, {"ALLOWED_HOSTS": "127.0.0.1"}, command=shell) as running:
        port = running.wait_until_serving()
        (worker,) = children_of(running.process.pid)
        clients = [connect(port) for _ in range(2 * FEW)]
        answers = [ask(client) for client in clients]
        served = [client for client, answer in zip(clients, answers, strict=True) if answer.endswith(b"200")]
        assert FEW // 4 < len(served) < FEW
        assert all(answer in (b"", b"HTTP/1.1 503", b"HTTP/1.1 200") for answer in answers)
        used_before, began = processor_seconds(worker), time.monotonic()
        while time.monotonic() < began + 1:
            assert ask(served[0]).endswith(b"200")
            time.sleep(0.1)
        assert processor_seconds(worker) - used_before < 0.3
        for client in clients:
            client.close()
        assert any(ask_anew(port).endswith(b"200") for _ in moments())
        assert len(log_lines(running, "server.full")) == 1
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


# --- slow clients -----------------------------------------------------------------------------------------

SLOW_STARTS = {
    "heads": b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n",
    "bodies": b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n",
    "readers": b"GET /big HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
}
READING = """
from bistro import App, Request

app = App()

@app.get("/")
async def hello() -> str:
    return "hello"

@app.post("/")
async def read(request: Request) -> int:
    return len(await request.body())

@app.get("/big")
async def big() -> bytes:
    return bytes(20_000_000)
"""


@pytest.mark.timed
def test_others_are_served_at_once_while_many_clients_are_slow(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(READING)
    with Running(["run", "--no-reload", "--port", "0", "--log-level", "ERROR"], tmp_path) as running:
        port = running.wait_until_serving()
        with contextlib.ExitStack() as stack:
            slow = [
                (stack.enter_context(connect(port)), start)
                for start in SLOW_STARTS.values()
                for _ in range(20)
            ]
            for client, start in slow:
                client.sendall(start)
            seconds = []
            with connect(port) as client:
                for number in range(200):
                    if number % 20 == 0:
                        drip(slow)
                    asked_at = time.perf_counter()
                    assert ask(client).endswith(b"200")
                    seconds.append(time.perf_counter() - asked_at)
    assert sorted(seconds)[197] < 0.1


def drip(slow: list[tuple[socket.socket, bytes]]) -> None:
    for client, start in slow:
        if start is SLOW_STARTS["heads"]:
            client.sendall(b"x: y\r\n")
        elif start is SLOW_STARTS["bodies"]:
            client.sendall(b"x")


# --- what can't start -------------------------------------------------------------------------------------

HELLO = (
    'from bistro import App\n\napp = App()\n\n@app.get("/")\nasync def hello() -> str:\n    return "hello"\n'
)
SIGNING = """
from msgspec import Struct

from bistro import App
from bistro.ground import Keyring, Secret, read_config

class Config(Struct, frozen=True):
    secret_key: Secret

keys = Keyring(read_config(Config).secret_key)
app = App()
"""


@pytest.mark.timed
@pytest.mark.parametrize(
    ("site", "env", "code", "line"),
    [
        (
            HELLO,
            {"ALLOWED_HOSTS": "example.com", "PORT": "TAKEN"},
            1,
            r"another program listens on 127\.0\.0\.1:\d+ already",
        ),
        (HELLO, {"ALLOWED_HOSTS": "example.com", "PORT": "many"}, 78, "PORT is 'many'"),
        (HELLO, {}, 78, "ALLOWED_HOSTS"),
        (SIGNING, {"ALLOWED_HOSTS": "example.com"}, 78, "SECRET_KEY is missing"),
        (SIGNING, {"ALLOWED_HOSTS": "example.com", "SECRET_KEY": "change me"}, 78, "as SECRET_KEY"),
    ],
    ids=["port taken", "bad configuration", "no hosts", "no secret", "sample secret"],
)
def test_what_can_not_start_ends_within_2_seconds_and_says_why_once(
    tmp_path: Path, site: str, env: dict[str, str], code: int, line: str
) -> None:
    (tmp_path / "app.py").write_text(site)
    taken, port = take_free_port()
    with taken:
        env = {"ENV": "production", "PORT": "0", "WEB_CONCURRENCY": "2"} | env
        env = {name: value.replace("TAKEN", str(port)) for name, value in env.items()}
        began = time.monotonic()
        ended = run_to_end(["run"], tmp_path, env)
        seconds = time.monotonic() - began
    assert ended.returncode == code
    assert len(re.findall(line, ended.stderr)) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert seconds < 2
