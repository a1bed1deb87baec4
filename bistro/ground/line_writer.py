"""Lines written in batches by a thread of their own: what the access log stands on.

How it works: the request's side appends a tuple to a queue and, if the thread sleeps, wakes it. The
thread gathers lines for a fraction of a second, then formats and writes them. A stream that is slow,
broken or on a full disk therefore holds up nobody: lines that can't be written are counted and
dropped, and the next batch is tried as if nothing had been. Where many come at once, whoever appends
formats some of them itself: two threads that take turns at the interpreter cost more than the lines.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
FORMATTED_AT_ONCE = 50
"""So many lines that wait are formatted by the one who appends; it takes some 25 microseconds."""


class ByteStream(Protocol):
    """What lines can be written to: a binary file, or standard output's `buffer`."""

    def write(self, data: bytes, /) -> object:
        """Write `data`, or raise OSError."""
        ...

    def flush(self) -> object:
        """Hand what was written to the system."""
        ...


class BatchedLineWriter(Generic[Item]):
    """Formats and writes items a while after they were appended, in batches and in order.

    `append` costs about a tenth of a microsecond, never blocks and never raises. What was appended
    is written after at most `interval_seconds`, as soon as `batch_size` lines wait, at `flush`, at
    `close`, and when the interpreter ends. Make it in the process that uses it, not before a fork.
    """

    def __init__(
        self,
        format_line: Callable[[Item], str],
        stream: ByteStream | None = None,
        *,
        interval_seconds: float = 0.2,
        batch_size: int = 500,
        waiting_max: int = 100_000,
    ) -> None:
        """Write what `format_line` makes of each item, and a line feed, to `stream`.

        `stream` is standard output by default. Beyond `waiting_max` lines that could not be written
        yet, new ones are dropped and counted in `lines_lost`.
        """
        self.lines_lost = 0
        self._format_line = format_line
        self._stream = stream
        self._interval_seconds = interval_seconds
        self._batch_size = batch_size
        self._waiting_max = waiting_max
        self._waiting: deque[Item] = deque()
        self._formatted_at_once = min(FORMATTED_AT_ONCE, batch_size)
        # Formatted lines in order, each with how many they are; this lock is never held while writing.
        self._ready: deque[tuple[int, str]] = deque()
        self._ready_count = 0
        self._format_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # True from the first append until the thread takes the batch: then nobody need wake it.
        self._awake = False
        self._closed = False
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._start_lock = threading.Lock()
        self._write_lock = threading.Lock()

    def append(self, item: Item) -> None:
        """Have `item` written soon. For the hot path: give a tuple, and let `format_line` do the work."""
        waiting = self._waiting
        waiting.append(item)
        if not self._awake:
            self._wake_thread()
        elif len(waiting) >= self._formatted_at_once:
            self._format_here()

    def flush(self) -> None:
        """Write all that waits, here and now; blocks as long as the stream does."""
        with self._write_lock:
            while self._waiting or self._ready:
                self._write_batch()

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Write what waits and end the thread; what is appended later is written at once.

        Gives up after `timeout_seconds` on a stream that blocks.
        """
        self._closed = True
        self._hurry.set()
        self._wake.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout_seconds)
            atexit.unregister(self.close)
        # If the thread still hangs in the stream, so would this one.
        if thread is None or not thread.is_alive():
            self._awake = False
            self.flush()

    def _wake_thread(self) -> None:
        if self._closed:
            self.flush()
            return
        self._awake = True
        try:
            if self._thread is None:
                self._start_thread()
            self._wake.set()
        except RuntimeError:
            # No thread can be had: the limit of the system, or the interpreter is ending.
            self._thread = None
            self._awake = False
            self.flush()

    def _start_thread(self) -> None:
        with self._start_lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._work, name="bistro-line-writer", daemon=True)
            self._thread = thread
        # A daemon, so that a stream that blocks for ever can't keep the process from ending; hence
        # the lines that wait at the end are written by atexit.
        thread.start()
        atexit.register(self.close)

    def _format_here(self) -> None:
        with self._format_lock:
            if self._ready_count < self._waiting_max:
                self._format_waiting()
            # Else the newest go, so that the lines that are kept have no gap.
            while self._waiting and self._ready_count >= self._waiting_max:
                self._waiting.pop()
                self.lines_lost += 1
        if self._ready_count >= self._batch_size and not self._hurry.is_set():
            self._hurry.set()

    def _format_waiting(self) -> None:
        lines: list[str] = []
        while self._waiting and len(lines) < self._batch_size:
            try:
                lines.append(self._format_line(self._waiting.popleft()))
            except Exception:  # noqa: BLE001 - one item must not take the others with it
                self.lines_lost += 1
        if lines:
            self._ready.append((len(lines), "\n".join(lines) + "\n"))
            self._ready_count += len(lines)

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._hurry.wait(self._interval_seconds)
            self._wake.clear()
            self._hurry.clear()
            # First the mark, then the batch: what is appended between the two wakes the thread again.
            self._awake = False
            self.flush()

    def _write_batch(self) -> None:
        count, texts = 0, []
        with self._format_lock:
            self._format_waiting()
            while self._ready and count < self._batch_size:
                size, text = self._ready.popleft()
                count += size
                texts.append(text)
            self._ready_count -= count
        if texts:
            self._write_lines(count, "".join(texts))

    def _write_lines(self, count: int, text: str) -> None:
        try:
            stream = self._stream or sys.stdout.buffer
            stream.write(text.encode("utf-8", "backslashreplace"))
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Full disk, closed pipe, closed file, no standard output at all: the site goes on.
            self.lines_lost += count
