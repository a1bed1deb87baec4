"""What may be typed into the terminal in which `bistro run` serves a site that is worked on."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Final

MIGRATE: Final = "m"
HELP: Final = "Type m and Enter to apply migrations."


def listen(app: str | None, tell: Callable[[str], None]) -> None:
    """Do what is typed, in a thread, where standard input is a terminal."""
    if not sys.stdin.isatty():
        return
    # Sent to the background, the whole server would be stopped for wanting to read.
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    threading.Thread(target=_listen, args=(app, tell), name="bistro-keys", daemon=True).start()


def obey(lines: Iterable[str], app: str | None, tell: Callable[[str], None]) -> None:
    """Do what each line says."""
    for line in lines:
        word = line.strip()
        if word == MIGRATE:
            migrate(app)
        elif word:
            tell(HELP)


def migrate(app: str | None) -> int:
    """Apply all migrations as `bistro db migrate` does; its exit code."""
    named = ["--app", app] if app else []
    command = [sys.executable, "-m", "bistro", "db", "migrate", *named]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603 - our own


def _listen(app: str | None, tell: Callable[[str], None]) -> None:
    with contextlib.suppress(OSError, ValueError):  # the terminal is gone
        obey(sys.stdin, app, tell)
