"""Workers here are small scripts: what they serve is not the supervisor's matter."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bistro.serving.supervisor import Supervisor
from bistro.serving.worker_process import WorkerCommand, WorkerProcess

READY = "import os, signal, sys, time\nline = int(sys.argv[2])\nos.write(line, b'r')\n"
UNTIL_SIGTERM = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nwhile True: time.sleep(60)\n"


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def script(text: str) -> WorkerCommand:
    def command(fd: int, lifeline: int) -> Sequence[str]:
        return [sys.executable, "-c", text, str(fd), str(lifeline)]

    return command


def stop_us(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_all_workers_are_ready_before_it_says_so_and_end_with_it(sock: socket.socket, tmp_path: Path) -> None:
    note = f"open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w').close()\n"
    seen: list[int] = []

    def on_ready() -> None:
        seen.extend(int(path.name) for path in tmp_path.iterdir())
        stop_us()

    worker = "import os\n" + note + READY + UNTIL_SIGTERM
    assert Supervisor(script(worker), sock, 2, on_ready=on_ready).run() == 0
    assert len(seen) == 2
    for pid in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_ctrl_c_is_told_by_the_exit_code(sock: socket.socket) -> None:
    supervisor = Supervisor(script(READY + UNTIL_SIGTERM), sock, 1, on_ready=lambda: stop_us(signal.SIGINT))
    assert supervisor.run() == 130


def test_worker_that_cannot_start_ends_everything_with_its_exit_code(sock: socket.socket) -> None:
    assert Supervisor(script("raise SystemExit(78)"), sock, 2).run() == 78


def test_worker_killed_before_it_was_ready_ends_everything_with_1(sock: socket.socket) -> None:
    killed = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    assert Supervisor(script(killed), sock, 1).run() == 1


@pytest.mark.timed
def test_worker_that_dies_later_is_replaced_at_once(sock: socket.socket, tmp_path: Path) -> None:
    mark = str(tmp_path / "started")
    dies_first = (
        READY
        + f"first = not os.path.exists({mark!r})\nopen({mark!r}, 'a').write('x')\n"
        + "if first: sys.exit(3)\n"
        + "os.kill(os.getppid(), signal.SIGTERM)\n"
        + UNTIL_SIGTERM
    )
    told: list[str] = []
    began = time.monotonic()
    code = Supervisor(script(dies_first), sock, 1, tell=told.append).run()
    assert (code, Path(mark).read_text()) == (0, "xx")
    assert [line.split(" ", 2)[2] for line in told] == ["has ended (exit code 3); starting another"]
    assert time.monotonic() - began < 10


def test_worker_that_ignores_the_stop_is_killed_after_its_grace(
    sock: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bistro.serving.worker_process.KILL_AFTER_SECONDS", 0.1)
    deaf = (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + READY
        + "while True: time.sleep(60)\n"
    )
    assert Supervisor(script(deaf), sock, 1, grace_seconds=0.1, on_ready=stop_us).run() == 0


def test_new_connections_are_refused_once_it_stops(sock: socket.socket) -> None:
    address = sock.getsockname()
    Supervisor(script(READY + UNTIL_SIGTERM), sock, 1, on_ready=stop_us).run()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_worker_sees_the_end_of_its_lifeline_when_its_parent_is_gone(sock: socket.socket) -> None:
    import asyncio

    waits = "import socket, sys\nline = socket.socket(fileno=int(sys.argv[2]))\nline.send(b'r')\nline.recv(1)\nsys.exit(5)"

    async def lose() -> tuple[bool, int]:
        worker = await WorkerProcess.start(script(waits), sock)
        is_ready = await worker.wait_until_ready()
        worker.let_go()
        return is_ready, await worker.wait()

    assert asyncio.run(lose()) == (True, 5)
