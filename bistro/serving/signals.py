"""What signals ask of a process that serves.

The first SIGTERM or Ctrl-C stops gracefully. The second ends the process at once: by then somebody
is impatient. SIGHUP asks to serve anew, except when it tells that the terminal is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable

EXIT_INTERRUPTED = 128 + signal.SIGINT
TERMINAL = "/dev/tty"


class StopSignals:
    """Hears signals in the running event loop: `wait` for the first that stops, end at the second."""

    def __init__(
        self,
        before_end: Callable[[], None] = lambda: None,
        *,
        on_hang_up: Callable[[], None] | None = None,
        has_parent: bool = False,
    ) -> None:
        """`before_end` is called when a second signal is about to end the process.

        `on_hang_up` is called at SIGHUP; without it, that signal stops as SIGTERM does. Of one that
        `has_parent`, both are the parent's matter: service managers send signals to all processes
        of a service, and then the parent sends its own.
        """
        loop = asyncio.get_running_loop()
        self._future: asyncio.Future[int] = loop.create_future()
        self._before_end = before_end
        self._on_hang_up = on_hang_up
        self._has_parent = has_parent
        self._had_terminal = has_terminal()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._take, number)
        # Who started us with `nohup` wants it to be ignored.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self._take_hang_up)

    @property
    def came(self) -> bool:
        """Whether it is time to stop."""
        return self._future.done()

    async def wait(self) -> int:
        """The exit code that the first signal asks for, once it has come."""
        return await asyncio.shield(self._future)

    def stop(self, code: int = 0) -> None:
        """Ask to stop, as a first signal does."""
        if not self._future.done():
            self._future.set_result(code)

    def _take(self, number: int) -> None:
        if self._future.done():
            if self._has_parent:
                return
            self._before_end()
            end_at_once(128 + number)
        self.stop(EXIT_INTERRUPTED if number == signal.SIGINT else 0)

    def _take_hang_up(self) -> None:
        if self._has_parent:
            return
        is_terminal_gone = self._had_terminal and not has_terminal()
        if self._on_hang_up is None or is_terminal_gone:
            self.stop()
        elif not self.came:
            self._on_hang_up()


def has_terminal() -> bool:
    """Whether this process belongs to a terminal that is still there."""
    with contextlib.suppress(OSError):
        os.close(os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY))
        return True
    return False


def end_at_once(code: int) -> None:
    """End this process without waiting for anything, also not for threads that never return."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
