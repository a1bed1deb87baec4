"""`bistro run` as a process, as a user meets it."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bistro.serving.cores import count_cores
from tests.cli.conftest import HELLO
from tests.cli.processes import (
    ROOT,
    Running,
    children_of,
    environment,
    fetch,
    fetch_until,
    is_alive,
    moments,
    run_to_end,
    take_free_port,
)

pytestmark = pytest.mark.slow

SLOW = """
import asyncio
import sys
import time

from bistro import App

app = App()

@app.get("/slow")
async def slow() -> str:
    print("slow begins", file=sys.stderr, flush=True)
    await asyncio.sleep(0.6)
    return "done"

@app.get("/never")
async def never() -> str:
    print("never begins", file=sys.stderr, flush=True)
    await asyncio.to_thread(time.sleep, 3600)
    return ""
"""

PLAIN = "--no-reload"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(HELLO)
    return tmp_path


def ask_in_background(port: int, path: str) -> tuple[threading.Thread, list[tuple[int, str]]]:
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        try:
            answers.append(fetch(port, path))
        except OSError:
            answers.append((0, "cut"))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def test_app_of_the_folder_is_served(folder: Path) -> None:
    with Running(["run", PLAIN, "--port", "0"], folder) as running:
        assert fetch(running.wait_until_serving()) == (200, "Hello from Bistro")


def test_app_in_another_folder_is_served(folder: Path) -> None:
    (folder / "examples" / "notes").mkdir(parents=True)
    (folder / "app.py").rename(folder / "examples" / "notes" / "app.py")
    with Running(["run", "examples/notes/app.py", PLAIN, "--port", "0"], folder) as running:
        assert fetch(running.wait_until_serving())[0] == 200


def test_host_and_port_come_from_the_environment(folder: Path) -> None:
    with Running(["run", PLAIN], folder, {"PORT": "0", "HOST": "127.0.0.1"}) as running:
        assert fetch(running.wait_until_serving())[0] == 200


def test_unix_socket_is_served_also_after_a_server_that_was_killed(folder: Path) -> None:
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with Running(["run", PLAIN, "--uds", str(path)], folder) as running:
        running.wait_for_line("Bistro serves unix:")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            assert b"200" in client.recv(100)


def test_open_socket_is_served_by_its_number(folder: Path) -> None:
    sock, port = take_free_port()
    with sock:
        command = [sys.executable, "-m", "bistro", "run", PLAIN, "--fd", str(sock.fileno())]
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), pass_fds=[sock.fileno()], stderr=subprocess.DEVNULL
        )
    try:
        fetch_until(port, "Hello from Bistro")
    finally:
        process.kill()
        process.wait()


def test_sigterm_stops_with_0(folder: Path) -> None:
    with Running(["run", PLAIN, "--port", "0"], folder) as running:
        running.wait_until_serving()
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


def test_ctrl_c_stops_with_130(folder: Path) -> None:
    with Running(["run", PLAIN, "--port", "0"], folder) as running:
        running.wait_until_serving()
        running.signal(signal.SIGINT)
        assert running.wait() == 130
        assert "Traceback" not in running.text


@pytest.mark.parametrize("mode", [["--no-reload"], ["--reload", "--grace", "10"], ["--workers", "2"]])
def test_answer_on_its_way_is_finished_before_the_stop(folder: Path, mode: list[str]) -> None:
    (folder / "app.py").write_text(SLOW)
    with Running(["run", *mode, "--port", "0"], folder) as running:
        thread, answers = ask_in_background(running.wait_until_serving(), "/slow")
        running.wait_for_line("slow begins")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        thread.join()
    assert answers == [(200, "done")]


@pytest.mark.parametrize("mode", [["--no-reload"], ["--reload", "--grace", "60"], ["--workers", "2"]])
def test_second_ctrl_c_ends_at_once(folder: Path, mode: list[str]) -> None:
    (folder / "app.py").write_text(SLOW)
    with Running(["run", *mode, "--port", "0"], folder) as running:
        port = running.wait_until_serving()
        thread, answers = ask_in_background(port, "/never")
        running.wait_for_line("never begins")
        running.signal(signal.SIGINT)
        wait_until_refused(port)
        running.signal(signal.SIGINT)
        assert running.wait() == 130
        thread.join()
    assert answers == [(0, "cut")]


def wait_until_refused(port: int) -> None:
    """Wait until the first signal has been taken."""
    for _ in moments():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
    raise AssertionError("the server still listens")


def test_blocked_thread_does_not_keep_the_server_beyond_its_grace(folder: Path) -> None:
    (folder / "app.py").write_text(SLOW)
    with Running(["run", PLAIN, "--grace", "0.2", "--port", "0"], folder) as running:
        thread, _ = ask_in_background(running.wait_until_serving(), "/never")
        running.wait_for_line("never begins")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        thread.join()


def test_signal_stops_an_app_that_still_starts(folder: Path) -> None:
    (folder / "app.py").write_text(
        HELLO
        + "\nimport asyncio, sys\n@app.lifespan\nasync def life():\n    try:\n"
        + "        print('starting', file=sys.stderr, flush=True)\n        await asyncio.sleep(3600)\n        yield\n"
        + "    finally:\n        print('cleaned up', file=sys.stderr)\n"
    )
    with Running(["run", PLAIN, "--port", "0"], folder) as running:
        running.wait_for_line("starting")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        assert "cleaned up" in running.text


def test_port_that_is_taken_is_told_in_one_line_with_a_way_out(folder: Path) -> None:
    sock, port = take_free_port()
    with sock:
        ended = run_to_end(["run", "--port", str(port)], folder)
    assert ended.returncode == 1
    first, second = ended.stderr.splitlines()
    assert f"another program listens on 127.0.0.1:{port} already" in first
    assert "--port" in second


def test_address_of_another_machine_is_told_in_words(folder: Path) -> None:
    ended = run_to_end(["run", "--host", "192.0.2.1"], folder)
    assert ended.returncode == 1
    assert "can't listen on 192.0.2.1:8000" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("mode", [["--no-reload"], ["--workers", "2"]])
def test_error_that_keeps_the_app_from_starting_is_told_once_a_worker_and_ends_with_1(
    folder: Path, mode: list[str]
) -> None:
    (folder / "app.py").write_text(HELLO + "\n@app.get('/')\ndef other() -> str:\n    return ''\n")
    ended = run_to_end(["run", *mode, "--port", "0"], folder)
    assert ended.returncode == 1
    assert 1 <= ended.stderr.count("RouteConflict") <= 2
    assert "Traceback" not in ended.stderr
    assert "Bistro serves" not in ended.stderr


@pytest.mark.parametrize("mode", [["--no-reload"], ["--workers", "2"]])
def test_configuration_that_is_wrong_ends_with_78(folder: Path, mode: list[str]) -> None:
    (folder / "app.py").write_text(
        "from dataclasses import dataclass\nfrom bistro import App\nfrom bistro.ground.config import read_config\n"
        "@dataclass(frozen=True)\nclass ShopConfig:\n    shop_key: int\n"
        "config = read_config(ShopConfig)\napp = App()\n"
    )
    ended = run_to_end(["run", *mode, "--port", "0"], folder)
    assert ended.returncode == 78
    assert "SHOP_KEY is missing" in ended.stderr


def test_error_at_the_start_shows_the_sites_own_traceback(folder: Path) -> None:
    (folder / "app.py").write_text(
        HELLO + "\n@app.on_start\ndef go() -> None:\n    raise LookupError('gone')\n"
    )
    ended = run_to_end(["run", PLAIN, "--port", "0"], folder)
    assert ended.returncode == 1
    assert 'app.py", line 12, in go' in ended.stderr
    assert "AppFailed (B707)" in ended.stderr
    assert "bistro/serving" not in ended.stderr


def test_folder_without_an_app_says_what_to_do(tmp_path: Path) -> None:
    ended = run_to_end(["run"], tmp_path)
    assert ended.returncode == 1
    assert "there is no app.py in" in ended.stderr
    assert "bistro new NAME" in ended.stderr


def test_reload_with_several_workers_is_wrong_usage(folder: Path) -> None:
    ended = run_to_end(["run", "--reload", "--workers", "2"], folder)
    assert ended.returncode == 2
    assert "one worker" in ended.stderr


def test_module_of_the_site_with_a_name_of_pythons_does_not_break_its_workers(folder: Path) -> None:
    (folder / "secrets.py").write_text("raise RuntimeError('not for you')\n")
    script = "import sys; from bistro.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", script, "run", "--port", "0"]
    with Running(["run", "--port", "0"], folder, command=command) as running:
        assert fetch(running.wait_until_serving())[0] == 200


# --- reload ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_watchfiles", [True, False])
def test_change_is_served_without_a_restart_by_hand(folder: Path, has_watchfiles: bool) -> None:
    env = None if has_watchfiles else hide_watchfiles(folder)
    with Running(["run", "--port", "0"], folder, env) as running:
        port = running.wait_until_serving()
        # Same length, within the same second: neither size nor whole seconds show the change.
        (folder / "app.py").write_text(HELLO.replace("Hello", "Hallo"))
        fetch_until(port, "Hallo from Bistro")
        (folder / "app.py").write_text(HELLO.replace("Hello", "Holla"))
        fetch_until(port, "Holla from Bistro")
        assert "Changed: app.py; starting anew" in running.text


def hide_watchfiles(folder: Path) -> dict[str, str]:
    """An environment in which watchfiles can't be imported."""
    hiding = folder / ".hiding"
    hiding.mkdir()
    (hiding / "watchfiles.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": f"{hiding}{os.pathsep}{ROOT}"}


def test_syntax_error_is_shown_and_serving_goes_on_once_it_is_mended(folder: Path) -> None:
    with Running(["run", "--port", "0"], folder) as running:
        port = running.wait_until_serving()
        (folder / "app.py").write_text(HELLO + "def (\n")
        running.wait_for_line("SyntaxError")
        running.wait_for_line("started again once a file changes")
        status, body = fetch(port)
        assert status == 503
        assert "The app can't start" in body
        (folder / "app.py").write_text(HELLO.replace("Hello", "Mended"))
        fetch_until(port, "Mended from Bistro")


def test_app_that_is_broken_from_the_beginning_is_served_once_it_is_mended(folder: Path) -> None:
    (folder / "app.py").write_text("import missing_part\n" + HELLO)
    with Running(["run", "--port", "0"], folder) as running:
        running.wait_for_line("No module named 'missing_part'")
        (folder / "missing_part.py").write_text("")
        fetch_until(running.wait_until_serving(), "Hello from Bistro")


@pytest.mark.parametrize("name", ["templates/note.html", ".env", "shop.toml"])
def test_templates_and_settings_are_watched_too(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    with Running(["run", "--port", "0"], folder) as running:
        running.wait_until_serving()
        (folder / name).write_text("NAME=1\n")
        running.wait_for_line(f"Changed: {name}")


def test_production_serves_one_worker_a_core_and_does_not_reload(folder: Path) -> None:
    env = {"ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}
    with Running(["run", "--port", "0"], folder, env) as running:
        port = running.wait_until_serving()
        assert len(children_of(running.process.pid)) == count_cores()
        (folder / "app.py").write_text(HELLO.replace("Hello", "Hallo"))
        assert fetch(port)[1] == "Hello from Bistro"
        running.signal(signal.SIGHUP)
        fetch_until(port, "Hallo from Bistro")
        assert "Changed:" not in running.text


def test_sighup_starts_anew_in_development(folder: Path) -> None:
    with Running(["run", "--port", "0"], folder) as running:
        running.wait_until_serving()
        (before,) = children_of(running.process.pid)
        running.signal(signal.SIGHUP)
        running.wait_for_line("SIGHUP; starting anew")
        assert any(set(children_of(running.process.pid)) - {before} for _ in moments())


def test_sighup_stops_in_order_where_nothing_could_be_replaced(folder: Path) -> None:
    (folder / "app.py").write_text(SLOW)
    with Running(["run", PLAIN, "--port", "0"], folder) as running:
        thread, answers = ask_in_background(running.wait_until_serving(), "/slow")
        running.wait_for_line("slow begins")
        running.signal(signal.SIGHUP)
        assert running.wait() == 0
        thread.join()
    assert answers == [(200, "done")]


@pytest.mark.parametrize("mode", [[], ["--workers", "2"]])
def test_terminal_that_is_closed_ends_what_runs_in_it(folder: Path, mode: list[str]) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(
            sys.executable, [sys.executable, "-m", "bistro", "run", "--port", "0", *mode], environment()
        )
    try:
        seen = b""
        while b"Bistro serves" not in seen:
            seen += os.read(terminal, 1000)
        workers = children_of(pid)
    finally:
        os.close(terminal)
    assert any(os.waitpid(pid, os.WNOHANG)[0] == pid for _ in moments())
    assert not any(map(is_alive, workers))


def test_worker_ends_with_a_parent_that_was_killed(folder: Path) -> None:
    with Running(["run", "--port", "0"], folder) as running:
        running.wait_until_serving()
        (worker,) = children_of(running.process.pid)
        running.signal(signal.SIGKILL)
        assert any(not is_alive(worker) for _ in moments())


# --- workers --------------------------------------------------------------------------------------------


def test_dead_worker_is_replaced_while_the_others_serve(folder: Path) -> None:
    with Running(["run", "--workers", "2", "--port", "0"], folder) as running:
        port = running.wait_until_serving()
        before = set(children_of(running.process.pid))
        assert len(before) == 2
        dead = before.pop()
        os.kill(dead, signal.SIGKILL)
        running.wait_for_line(rf"Worker {dead} has ended \(exit code -9\); starting another")
        assert any(len(set(children_of(running.process.pid)) - {dead}) == 2 for _ in moments())
        assert fetch(port)[0] == 200
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        assert not any(map(is_alive, before))


def test_number_of_workers_comes_from_the_environment(folder: Path) -> None:
    with Running(["run", "--port", "0"], folder, {"WEB_CONCURRENCY": "2"}) as running:
        running.wait_until_serving()
        assert len(children_of(running.process.pid)) == 2
        running.signal(signal.SIGINT)
        assert running.wait() == 130


def test_worker_limits_come_from_the_environment(folder: Path) -> None:
    env = {"WEB_CONCURRENCY": "2", "WORKER_MAX_AGE": "0.5"}
    with Running(["run", "--port", "0"], folder, env) as running:
        running.wait_until_serving()
        running.wait_for_line("is old; starting its successor")
