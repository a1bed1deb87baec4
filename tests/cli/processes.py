"""The real command, as a process, for tests: its lines, its end, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tests.cli.starter import get_starter

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0
"""Far more than anything takes; a test that needs it has failed."""

ADDRESS = re.compile(r"Bistro serves http://127\.0\.0\.1:(\d+) \(Ctrl-C stops it\)")


class Running:
    """`python -m bistro …` while it runs; leaving the `with` kills it and all that it has started."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        env: dict[str, str] | None = None,
        *,
        command: Sequence[str] = (),
    ) -> None:
        """`command` is run instead, where it is given."""
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "bistro", *arguments],
            cwd=folder,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_line(self, pattern: str | re.Pattern[str], *, after: int = 0) -> re.Match[str]:
        """The first line (from number `after` on) in which `pattern` is found."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while True:
                for line in self.lines[after:]:
                    if match := re.search(pattern, line):
                        return match
                left = deadline - time.monotonic()
                if left <= 0 or not (self._reader.is_alive() or self._changed.wait(0.1)):
                    raise AssertionError(f"no line like {pattern!r} in:\n" + "\n".join(self.lines))
                self._changed.wait(min(left, 0.5))

    def wait_until_serving(self) -> int:
        """The port, once the line with the address has been printed."""
        return int(self.wait_for_line(ADDRESS)[1])

    def signal(self, number: int) -> None:
        """Send a signal to the command itself, not to what it has started."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return code

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def run_to_end(
    arguments: Sequence[str], folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m bistro …` until it has ended by itself, in an interpreter of its own.

    `run_command` costs a tenth, where neither the start of the interpreter nor what is imported is the point.
    """
    return subprocess.run(
        [sys.executable, "-m", "bistro", *arguments],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def run_command(
    arguments: Sequence[str], folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The same, in a process that was forked from one which had imported Bistro before."""
    return get_starter().run(arguments, folder, environment(env), PATIENCE_SECONDS)


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """The tests' own environment, from which this checkout can be imported."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(more or {})}


def fetch(port: int, path: str = "/", *, timeout_seconds: float = 10.0) -> tuple[int, str]:
    """Status and body of the answer to GET `path`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def fetch_until(port: int, wanted: str, path: str = "/") -> None:
    """Ask until the answer's body is `wanted`."""
    last = ""
    for _ in moments():
        with contextlib.suppress(OSError, http.client.HTTPException):
            last = fetch(port, path)[1]
            if last == wanted:
                return
    raise AssertionError(f"the last answer was {last!r}, not {wanted!r}")


def moments() -> Iterator[None]:
    """Short waits, until patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)


def take_free_port() -> tuple[socket.socket, int]:
    """A listening socket on a free port of 127.0.0.1."""
    taken = socket.create_server(("127.0.0.1", 0))
    return taken, taken.getsockname()[1]


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that still run."""
    found = subprocess.run(
        ["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    rows = [line.split() for line in found.stdout.splitlines()]
    return [int(row[0]) for row in rows if not row[1].startswith("Z")]


def is_alive(pid: int) -> bool:
    """Whether the process still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
