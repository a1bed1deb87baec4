"""Serve, and start anew whenever a file of the site changes; for development.

How it works: the parent holds the listening socket and watches the files; a worker, the only one,
imports and serves the app. A change stops the worker and starts another; clients that come in
between wait. Where the app can't start, the worker has shown why in the terminal; until a change
mends it, the parent itself answers with a page that says so and asks again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import TypeAlias

from bistro.serving.signals import StopSignals
from bistro.serving.waiting import wait_for_first
from bistro.serving.worker_process import WorkerCommand, WorkerProcess

POLL_SECONDS = 0.25
FILES_MAX = 20_000
"""More files than these are not watched: looking at them all would keep a core busy."""

SUFFIXES = (
    ".py", ".html", ".htm", ".xml", ".txt", ".md", ".jinja", ".jinja2", ".j2", ".toml", ".sql", ".po", ".env",
)  # fmt: skip
FOLDERS_LEFT_OUT = frozenset(["__pycache__", "node_modules", "site-packages"])

Snapshot: TypeAlias = Mapping[str, tuple[int, int]]
"""The files that are watched, with the time of their last change and their size."""


class Watcher:
    """Notices changes of source files, templates and settings.

    `places` are folders, watched with all beneath them, and single files, which need not exist.
    Looks at the files' times four times a second; where watchfiles is installed, the system wakes
    it at once. Folders that are hidden, virtual environments or caches are left out.
    """

    def __init__(self, places: Sequence[Path], poll_seconds: float = POLL_SECONDS) -> None:
        self._places = list(dict.fromkeys(str(place.absolute()) for place in places))
        self._poll_seconds = poll_seconds
        self._seen = take_snapshot(self._places)

    async def wait_for_change(self) -> list[Path]:
        """The files that were changed, added or removed since the last call (or the start)."""
        async with contextlib.aclosing(self._wake_ups()) as wake_ups:
            async for _ in wake_ups:
                before, self._seen = self._seen, take_snapshot(self._places)
                changed = {name for name, _ in before.items() ^ self._seen.items()}
                if changed:
                    return [Path(name) for name in sorted(changed)]
        raise AssertionError("the wake-ups never end")

    async def _wake_ups(self) -> AsyncGenerator[None, None]:
        """One at once, for what changed while nobody waited, then whenever something may have changed."""
        yield
        notify = _find_notifier()
        if notify is not None:
            with contextlib.suppress(OSError):  # the system may have run out of watches: then look
                # The time-out, too, wakes us: for folders that are made while we wait.
                options = {"recursive": False, "step": 20, "debounce": 200, "rust_timeout": 1000}
                async for _ in notify(*self._folders(), yield_on_timeout=True, **options):
                    yield
        while True:
            await asyncio.sleep(self._poll_seconds)
            yield

    def _folders(self) -> set[str]:
        names = {Path(name).parent for name in (*self._seen, *self._places)} | set(map(Path, self._places))
        return {str(name) for name in names if name.is_dir()}


def take_snapshot(places: Sequence[str]) -> Snapshot:
    """The state of every watched file in `places`, each of them a folder or a file."""
    found: dict[str, tuple[int, int]] = {}
    for place in places:
        for path in _walk(place) if Path(place).is_dir() else [place]:
            with contextlib.suppress(OSError):  # removed since it was listed, or not there yet
                status = os.stat(path)  # noqa: PTH116 - thousands of times, four times a second
                found[path] = (status.st_mtime_ns, status.st_size)
            if len(found) >= FILES_MAX:
                return found
    return found


class Reloader:
    """Serves `sock` with one worker at a time, and another after each change, until a signal."""

    def __init__(
        self,
        command: WorkerCommand,
        sock: socket.socket,
        watcher: Watcher,
        *,
        grace_seconds: float = 1.0,
        ssl: SSLContext | None = None,
        on_ready: Callable[[], None] = lambda: None,
        on_change: Callable[[list[Path]], None] = lambda _paths: None,
        on_failed: Callable[[int], None] = lambda _code: None,
    ) -> None:
        """`on_ready`: a worker answers; `on_failed`: one has ended by itself, with this exit code.

        `ssl` is for answering in place of a worker that has ended.
        """
        self._command = command
        self._sock = sock
        self._watcher = watcher
        self._grace_seconds = grace_seconds
        self._ssl = ssl
        self._on_ready = on_ready
        self._on_change = on_change
        self._on_failed = on_failed
        self._worker: WorkerProcess | None = None
        self._is_asked = asyncio.Event()

    def run(self) -> int:
        """Serve until a signal; 0, or 130 after Ctrl-C."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        signals = StopSignals(before_end=self._kill, on_hang_up=self._is_asked.set)
        serving = asyncio.create_task(self._serve())
        stopped = asyncio.create_task(signals.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            stopped.cancel()
            serving.result()  # it never returns, so it has raised
        self._sock.close()  # whoever comes now is refused
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        if self._worker is not None:
            await self._worker.stop(self._grace_seconds)
        return await stopped

    async def _serve(self) -> None:
        while True:
            self._worker = worker = await WorkerProcess.start(self._command, self._sock)
            life = asyncio.create_task(self._live(worker))
            try:
                changed = await self._wait_for_reason()
            finally:
                life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            self._on_change(changed)
            await worker.stop(self._grace_seconds)
            forget_compiled(changed)

    async def _wait_for_reason(self) -> list[Path]:
        """Wait for a change of files, which are returned, or for SIGHUP."""
        changed = await wait_for_first(self._watcher.wait_for_change(), self._wait_until_asked())
        assert changed is not None
        return changed

    async def _wait_until_asked(self) -> list[Path]:
        await self._is_asked.wait()
        self._is_asked.clear()
        return []

    async def _live(self, worker: WorkerProcess) -> None:
        """Tell that the worker answers; once it has ended, answer in its place."""
        if await worker.wait_until_ready():
            self._on_ready()
        self._on_failed(await worker.wait())
        await answer_failed(self._sock, self._ssl)

    def _kill(self) -> None:
        if self._worker is not None:
            self._worker.kill()


def forget_compiled(files: Sequence[Path]) -> None:
    """Remove what Python has compiled from `files`.

    It would be taken for fresh where the source changed twice within a second and kept its size.
    """
    for file in files:
        if file.suffix == ".py":
            with contextlib.suppress(OSError, NotImplementedError):
                Path(importlib.util.cache_from_source(str(file))).unlink()


async def answer_failed(sock: socket.socket, ssl: SSLContext | None = None) -> None:
    """Answer every request on `sock` with 503 and a page that loads itself anew, until cancelled."""
    server = await asyncio.start_server(_answer_one, sock=sock.dup(), ssl=ssl)
    async with server:
        await server.serve_forever()


_PAGE = (
    b"<!doctype html><title>The app can't start</title>"
    b"<p>The app can't start; the terminal in which <code>bistro run</code> runs says why. "
    b"This page loads anew by itself.\n"
)
_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html; charset=utf-8\r\nrefresh: 1\r\n"
    b"retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
) % (len(_PAGE), _PAGE)


async def _answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.write(_ANSWER)
        await writer.drain()
    writer.close()


# Any of watchfiles' own types would need it installed where this is checked; it is optional.
def _find_notifier() -> Callable[..., AsyncIterator[object]] | None:
    try:
        watchfiles = importlib.import_module("watchfiles")
    except ImportError:
        return None
    notifier: Callable[..., AsyncIterator[object]] = watchfiles.awatch
    return notifier


def _walk(folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if _is_watched_folder(entry):
                yield from _walk(entry.path)
        elif entry.name.endswith(SUFFIXES):
            yield entry.path


def _is_watched_folder(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in FOLDERS_LEFT_OUT:
        return False
    return not Path(entry.path, "pyvenv.cfg").exists()
