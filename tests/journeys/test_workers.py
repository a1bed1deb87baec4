"""Workers that are killed, stopped and replaced while clients ask: `bistro run`, as in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.processes import ROOT, Running, children_of, environment, fetch, is_alive, moments
from tests.journeys.load import Load

pytestmark = pytest.mark.slow

SITE = """
import asyncio
import os
import sys

from bistro import App

app = App()

@app.get("/")
async def version() -> str:
    return f"VERSION {os.getpid()}"

@app.get("/slow")
async def slow() -> str:
    print("slow begins", file=sys.stderr, flush=True)
    await asyncio.sleep(1)
    return "done"
"""
PRODUCTION = {"ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    return tmp_path


def serve(folder: Path, *options: str, env: dict[str, str] | None = None) -> Running:
    arguments = ["run", "--workers", "2", "--port", "0", "--log-level", "ERROR", *options]
    return Running(arguments, folder, PRODUCTION | (env or {}))


def hide_uvloop(folder: Path) -> dict[str, str]:
    """An environment in which uvloop can't be imported, so that asyncio's own event loop serves."""
    hiding = folder / ".hiding"
    hiding.mkdir()
    (hiding / "uvloop.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": f"{hiding}{os.pathsep}{ROOT}"}


def workers_of(running: Running) -> set[int]:
    return set(children_of(running.process.pid))


def wait_until_answered_by(port: int, pid: int) -> None:
    assert any(fetch(port)[1].endswith(f" {pid}") for _ in moments())


@pytest.mark.timed
def test_a_killed_worker_costs_only_what_it_had_in_hand_and_is_replaced_within_2_seconds(
    folder: Path,
) -> None:
    with serve(folder) as running:
        port = running.wait_until_serving()
        seconds = []
        with Load(port) as load:
            load.wait_for_more()
            for _ in range(2):  # a busy machine may take longer once
                killed_at = time.monotonic()
                kill_one(running, port)
                seconds.append(time.monotonic() - killed_at)
            while time.monotonic() < killed_at + 3:
                load.wait_for_more(10)
            load.wait_for_more()
        assert min(seconds) < 2
        assert len(load.bad) <= 2 * 6  # one for each client and killed worker at most
        assert [each for each in load.bad if each[0] > killed_at + 3] == []


def kill_one(running: Running, port: int) -> None:
    """Kill a worker, and wait until its successor answers."""
    before = workers_of(running)
    killed = before.copy().pop()
    os.kill(killed, signal.SIGKILL)
    assert any(len(workers_of(running) - {killed}) == 2 for _ in moments())
    (successor,) = workers_of(running) - before
    wait_until_answered_by(port, successor)


@pytest.mark.timed
@pytest.mark.parametrize("receivers", ["parent", "all"])
def test_sigterm_answers_all_that_is_in_hand_and_ends_with_0(folder: Path, receivers: str) -> None:
    answers: list[tuple[int, str]] = []
    with serve(folder) as running:
        port = running.wait_until_serving()
        clients = [threading.Thread(target=lambda: answers.append(fetch(port, "/slow"))) for _ in range(12)]
        for client in clients:
            client.start()
        assert any(running.text.count("slow begins") == 12 for _ in moments())
        asked_at = time.monotonic()
        running.signal(signal.SIGTERM)
        if receivers == "all":  # as systemd does; the workers hear of it twice then
            for pid in workers_of(running):
                os.kill(pid, signal.SIGTERM)
        code = running.wait()
        seconds = time.monotonic() - asked_at
        for client in clients:
            client.join()
    assert answers == [(200, "done")] * 12
    assert code == 0
    assert seconds < 4


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_sighup_replaces_all_workers_with_the_new_code_without_a_failed_request(
    folder: Path, loop: str
) -> None:
    with serve(folder, env=hide_uvloop(folder) if loop == "asyncio" else None) as running:
        port = running.wait_until_serving()
        before = workers_of(running)
        with Load(port) as load:
            load.wait_for_more()
            (folder / "app.py").write_text(SITE.replace("VERSION", "SECOND VERSION"))
            running.signal(signal.SIGHUP)
            for pid in before:
                running.wait_for_line(f"has taken over from {pid}")
            load.wait_for_more()
            late = load.bodies[-20:]
        assert load.bad == []
        assert all(body.startswith("SECOND") for body in late)
        assert not any(map(is_alive, before))
        assert len(workers_of(running)) == 2


def test_sighup_with_broken_code_says_why_and_keeps_the_old_workers(folder: Path) -> None:
    with serve(folder) as running:
        port = running.wait_until_serving()
        before = workers_of(running)
        with Load(port) as load:
            load.wait_for_more()
            (folder / "app.py").write_text("import missing_part\n" + SITE)
            running.signal(signal.SIGHUP)
            running.wait_for_line("No module named 'missing_part'")
            running.wait_for_line(r"The new worker can't start \(exit code 1\); the old ones serve on")
            load.wait_for_more()
            assert workers_of(running) == before
            (folder / "app.py").write_text(SITE.replace("VERSION", "MENDED VERSION"))
            running.signal(signal.SIGHUP)
            for pid in before:
                running.wait_for_line(f"has taken over from {pid}")
        assert load.bad == []
        assert running.text.count("can't start") == 1
        assert fetch(port)[1].startswith("MENDED")


def test_sighup_finds_the_version_to_which_the_folders_link_has_been_changed(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(SITE.replace("VERSION", name))
    current = tmp_path / "current"
    current.symlink_to("first")
    options = ["run", "--workers", "1", "--port", "0"]
    with Running(options, current, PRODUCTION | {"PWD": str(current)}) as running:
        port = running.wait_until_serving()
        assert fetch(port)[1].startswith("first")
        current.unlink()
        current.symlink_to("second")
        running.signal(signal.SIGHUP)
        running.wait_for_line("has taken over")
        assert fetch(port)[1].startswith("second")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--max-requests", "150"], "has served its requests"),
        (["--max-age", "1.5"], "is old"),
        (["--max-memory", "10"], "has grown too large"),  # smaller than any: it is at once
    ],
)
def test_worn_workers_are_replaced_one_at_a_time_without_a_failed_request(
    folder: Path, options: list[str], reason: str
) -> None:
    with serve(folder, *options) as running:
        port = running.wait_until_serving()
        before = workers_of(running)
        with Load(port) as load:
            for pid in before:
                running.wait_for_line(f"Worker {pid} {reason}")
                running.wait_for_line(f"has taken over from {pid}")
            most = max(len(workers_of(running)) for _ in range(5))
        assert load.bad == []
        assert most <= 3


def test_a_worker_that_dies_again_and_again_is_started_ever_more_slowly(folder: Path) -> None:
    with serve(folder) as running:
        running.wait_until_serving()
        (folder / "app.py").write_text("import missing_part\n" + SITE)
        os.kill(workers_of(running).pop(), signal.SIGKILL)
        running.wait_for_line(r"A worker can't start \(exit code 1\); trying again in 1 s")
        running.wait_for_line(r"A worker can't start \(exit code 1\); trying again in 3 s")
        (folder / "app.py").write_text(SITE)
        running.signal(signal.SIGHUP)  # does not wait any longer
        assert any(len(workers_of(running)) == 2 for _ in moments())
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


def test_workers_are_replaced_also_when_nobody_hears_the_messages_any_more(folder: Path) -> None:
    command = [sys.executable, "-m", "bistro", "run", "--workers", "1", "--port", "0", "--log-level", "ERROR"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(PRODUCTION), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        assert process.stderr is not None
        port = int(process.stderr.readline().split(b":")[2].split()[0])
        process.stderr.close()
        (killed,) = children_of(process.pid)
        os.kill(killed, signal.SIGKILL)
        assert any(set(children_of(process.pid)) - {killed} for _ in moments())
        (successor,) = children_of(process.pid)
        wait_until_answered_by(port, successor)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
