from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bistro.serving import reload
from bistro.serving.reload import Reloader, Watcher, answer_failed, forget_compiled, take_snapshot


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def watched(*places: Path) -> set[str]:
    return {os.path.relpath(name, places[0]) for name in take_snapshot([str(place) for place in places])}


def test_sources_templates_and_settings_are_watched(tmp_path: Path) -> None:
    names = {"app.py", "shop/pages.py", "templates/a.html", ".env", "pyproject.toml", "queries/all.sql"}
    write(tmp_path, *names)
    assert watched(tmp_path) == names


def test_other_files_and_folders_of_tools_are_not_watched(tmp_path: Path) -> None:
    write(
        tmp_path, "notes.sqlite3", "logo.png", ".git/a.py", "node_modules/a/b.html", "__pycache__/app.py",
        "env/pyvenv.cfg", "env/lib/a.py",
    )  # fmt: skip
    assert watched(tmp_path) == set()


def test_single_file_is_watched_also_before_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert watched(file) == set()
    write(tmp_path, ".env", "other.py")
    assert watched(file) == {"."}


def test_link_that_leads_nowhere_is_left_out(tmp_path: Path) -> None:
    (tmp_path / ".#app.py").symlink_to("nowhere")
    assert watched(tmp_path) == set()


def test_number_of_files_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "FILES_MAX", 3)
    write(tmp_path, *(f"{n}.py" for n in range(9)))
    assert len(watched(tmp_path)) == 3


@pytest.fixture(params=[True, False], ids=["watchfiles", "polling"])
def has_watchfiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    return bool(request.param)


def wait_for(watcher: Watcher, act: Callable[[], None] = lambda: None) -> list[str]:
    async def wait() -> list[Path]:
        waiting = asyncio.ensure_future(watcher.wait_for_change())
        await asyncio.sleep(0)
        act()
        return await asyncio.wait_for(waiting, 20)

    return [path.name for path in asyncio.run(wait())]


def test_changed_added_and_removed_files_are_told(tmp_path: Path, has_watchfiles: bool) -> None:
    write(tmp_path, "a.py", "b.py")
    watcher = Watcher([tmp_path], poll_seconds=0.01)
    assert wait_for(watcher, lambda: (tmp_path / "a.py").write_text("longer") and None) == ["a.py"]
    assert wait_for(watcher, lambda: write(tmp_path, "c.py")) == ["c.py"]
    assert wait_for(watcher, (tmp_path / "b.py").unlink) == ["b.py"]


def test_change_while_nobody_waited_is_told_at_once(tmp_path: Path, has_watchfiles: bool) -> None:
    write(tmp_path, "a.py")
    watcher = Watcher([tmp_path], poll_seconds=60)
    write(tmp_path, "new/b.py")
    assert wait_for(watcher) == ["b.py"]


def test_file_in_a_folder_that_is_made_while_waiting_is_told(tmp_path: Path, has_watchfiles: bool) -> None:
    watcher = Watcher([tmp_path], poll_seconds=0.01)
    assert wait_for(watcher, lambda: write(tmp_path, "deep/er/b.py")) == ["b.py"]


def test_compiled_form_of_a_changed_file_is_forgotten(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    compiled = Path(importlib.util.cache_from_source(str(tmp_path / "a.py")))
    write(tmp_path, str(compiled.relative_to(tmp_path)))
    forget_compiled([tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.html"])
    assert not compiled.exists()


def test_page_in_place_of_a_broken_app_asks_again_by_itself() -> None:
    async def ask() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            answering = asyncio.ensure_future(answer_failed(sock))
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            answer = await reader.read()
            writer.close()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            return answer

    head, _, body = asyncio.run(ask()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nrefresh: 1\r\n" in head
    assert f"content-length: {len(body)}".encode() in head


def test_each_change_starts_another_worker(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    worker = "import os, sys, time\nos.write(int(sys.argv[2]), b'r')\ntime.sleep(60)"
    events: list[str] = []

    def on_ready() -> None:
        events.append("ready")
        if len(events) > 2:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            (tmp_path / "a.py").write_text("changed")

    def command(fd: int, lifeline: int) -> Sequence[str]:
        return [sys.executable, "-c", worker, str(fd), str(lifeline)]

    with socket.create_server(("127.0.0.1", 0)) as sock:
        reloader = Reloader(
            command,
            sock,
            Watcher([tmp_path], poll_seconds=0.01),
            on_ready=on_ready,
            on_change=lambda paths: events.append(paths[0].name),
        )
        assert reloader.run() == 0
    assert events == ["ready", "a.py", "ready"]
