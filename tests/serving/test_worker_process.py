"""Workers here are small scripts: what they say on their lifeline, and how they end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bistro.serving.waiting import wait_for_first
from bistro.serving.worker_process import BLOCKED, WorkerCommand, WorkerProcess, find_folder

SAY = "import os, signal, sys, time\nline = int(sys.argv[1])\n"


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def script(text: str) -> WorkerCommand:
    def command(fd: int, lifeline: int) -> Sequence[str]:
        return [sys.executable, "-c", SAY + text, str(lifeline)]

    return command


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_what_a_worker_says_is_heard_letter_by_letter_also_when_it_has_ended(sock: socket.socket) -> None:
    async def go() -> tuple[int, list[bytes]]:
        worker = await WorkerProcess.start(script("os.write(line, b'rm')"), sock)
        code = await worker.wait()
        return code, [await worker.wait_for_letter() for _ in range(3)]

    assert run(go()) == (0, [b"r", b"m", b""])


def test_worker_that_closes_its_end_is_not_ready(sock: socket.socket) -> None:
    async def go() -> tuple[bool, int]:
        worker = await WorkerProcess.start(script("os.close(line)\ntime.sleep(60)"), sock)
        is_ready = await worker.wait_until_ready()
        worker.kill()
        return is_ready, await worker.wait()

    assert run(go()) == (False, -signal.SIGKILL)


def test_worker_that_beats_is_not_blocked_and_one_that_does_not_is(
    sock: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bistro.serving.worker_process.BEAT_SECONDS", 0.05)
    beats = "os.write(line, b'r')\nfor _ in range(30): time.sleep(0.02); os.write(line, b'.')\n"

    async def go() -> tuple[int, bytes, bytes]:
        worker = await WorkerProcess.start(script(beats + "os.write(line, b'm')\ntime.sleep(60)"), sock)
        await worker.wait_until_ready()
        letter = await wait_for_first(worker.wait_for_letter(), worker.wait_until_blocked(0.3))
        later = await wait_for_first(worker.wait_for_letter(), worker.wait_until_blocked(0.3))
        worker.kill()
        await worker.wait()
        assert letter is not None
        assert later is not None
        return worker.beats, letter, later

    assert run(go()) == (30, b"m", BLOCKED)


def test_worker_is_asked_to_stop_only_once(sock: socket.socket) -> None:
    """A second SIGTERM would end a server at once: what it has in hand would be lost."""
    counts = (
        "asked = []\nsignal.signal(signal.SIGTERM, lambda *_: asked.append(1))\nos.write(line, b'r')\n"
        "while not asked: time.sleep(0.01)\ntime.sleep(0.3)\nsys.exit(len(asked))"
    )

    async def go() -> list[int]:
        worker = await WorkerProcess.start(script(counts), sock)
        await worker.wait_until_ready()
        return await asyncio.gather(worker.stop(10), worker.stop(10))

    assert run(go()) == [1, 1]


def test_who_waits_for_the_end_may_be_cancelled_and_others_still_hear_of_it(sock: socket.socket) -> None:
    async def go() -> int:
        worker = await WorkerProcess.start(script("os.read(line, 1)\nsys.exit(5)"), sock)
        impatient = asyncio.create_task(worker.wait())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        worker.let_go()
        return await worker.wait()

    assert run(go()) == 5


def test_what_a_worker_has_started_is_killed_with_it(sock: socket.socket, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    forks = f"if not os.fork():\n  open({str(note)!r}, 'w').write(str(os.getpid()))\n  os.write(line, b'r')\ntime.sleep(60)"

    async def go() -> None:
        worker = await WorkerProcess.start(script(forks), sock)
        await worker.wait_until_ready()
        worker.kill()
        await worker.wait()
        while is_running(int(note.read_text())):
            await asyncio.sleep(0.01)

    run(go())


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_folder_is_named_as_the_shell_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "current").symlink_to("first")
    monkeypatch.chdir(tmp_path / "current")
    monkeypatch.setenv("PWD", str(tmp_path / "current"))
    assert find_folder() == tmp_path / "current"
    for other in ("/", "current", "", "/no/such/folder"):
        monkeypatch.setenv("PWD", other)
        assert find_folder() is None
    monkeypatch.delenv("PWD")
    assert find_folder() is None
