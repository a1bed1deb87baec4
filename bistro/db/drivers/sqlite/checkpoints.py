"""Moving what was written from the log (WAL) into the file, off the event loop."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import apsw

PAGES_MIN = 1000
"""So many pages in the log are worth moving; SQLite's own limit."""
PAGES_LARGE = 16_000
"""Beyond these, about 64 MiB, the log is emptied even if readers have to wait a moment."""
PAUSE_SECONDS = 0.2


class Checkpoints:
    """A thread that is woken by commits that leave much in the log."""

    def __init__(self, connection: apsw.Connection) -> None:
        """`connection`: the thread's own."""
        self._connection = connection
        self._pages = 0
        self._wake = threading.Event()
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bistro-sqlite-checkpoints", daemon=True)
        self._thread.start()

    def watch(self, connection: apsw.Connection, after_commit: Callable[[], None]) -> None:
        """Look at the commits of `connection`, in place of SQLite's own checkpoints within them.

        `after_commit` is called behind each, in the thread that made it.
        """
        reference = weakref.ref(self)

        def note(_: apsw.Connection, __: str, pages: int) -> int:
            after_commit()
            checkpoints = reference()
            if pages >= PAGES_MIN and checkpoints is not None:
                checkpoints._pages = pages
                checkpoints._wake.set()
            return apsw.SQLITE_OK

        connection.set_wal_hook(note)

    def close(self) -> None:
        """End the thread; closing the last connection moves what is left. Blocks."""
        self._is_closing.set()
        self._wake.set()
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while self._wake.wait():
            if self._is_closing.is_set():
                return
            self._wake.clear()
            self._move()
            # Not for each commit of a busy site: what comes within the pause is moved together.
            self._is_closing.wait(PAUSE_SECONDS)

    def _move(self) -> None:
        is_large = self._pages > PAGES_LARGE
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if is_large else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            self._connection.wal_checkpoint(mode=mode)
        except apsw.Error:
            # Busy, or the disk is full: the next commit asks again, and nothing is lost meanwhile.
            return
