"""A process that serves, as its parent sees it.

Each worker has one end of a *lifeline*, a pair of sockets. It says on it that it is ready, then once
a second that its event loop turns, and perhaps that it wants to be replaced, in a letter each. When
the parent is gone, however that happened, the line ends and the worker stops too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

READY, ALIVE, BLOCKED = b"r", b".", b"b"
"""Letters; the last one is not the worker's own: it is what its silence says."""
BEAT_SECONDS = 1.0
KILL_AFTER_SECONDS = 2.0
"""How long beyond its time of grace a worker may take before it is killed."""

WorkerCommand: TypeAlias = Callable[[int, int], Sequence[str]]
"""The command line of a worker, made from the numbers of its listening socket and of its lifeline."""


class WorkerProcess:
    """A process that serves: tells when it is ready, and ends when this end of its lifeline does."""

    def __init__(self, process: Process, lifeline: socket.socket) -> None:
        self.process = process
        self.started_at = asyncio.get_running_loop().time()
        self.ended = asyncio.create_task(self._wait_for_end())
        """Done when the process has ended; to be looked at, and waited for with `wait`."""
        self.beats = 0
        """How often it has said that its event loop turns."""
        self._lifeline = lifeline
        self._is_stopping = False
        self._letters: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(lifeline, self._listen)

    @classmethod
    async def start(
        cls, command: WorkerCommand, sock: socket.socket, folder: Path | None = None
    ) -> WorkerProcess:
        """Start one that serves `sock`, in `folder` or the current one.

        It stands in a session of its own, so that a Ctrl-C in the terminal reaches the parent alone
        and each worker is asked to stop once.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            numbers = (sock.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *command(*numbers), cwd=folder, pass_fds=numbers, start_new_session=True
            )
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    async def wait_until_ready(self) -> bool:
        """True once it answers requests, False if it ended before."""
        return await self.wait_for_letter() == READY

    async def wait_for_letter(self) -> bytes:
        """What it says next, besides being alive; nothing if it has ended."""
        return await self._letters.get()

    async def wait_until_blocked(self, seconds_max: float) -> bytes:
        """BLOCKED, once its event loop has not turned for so long.

        Looks are counted, not timed: while a machine sleeps, or a container is frozen, nobody beats.
        """
        seen, missed = self.beats, 0
        while missed * BEAT_SECONDS < seconds_max:
            await asyncio.sleep(BEAT_SECONDS)
            missed = missed + 1 if self.beats == seen else 0
            seen = self.beats
        return BLOCKED

    async def wait(self) -> int:
        """Its exit code, once it has ended; a signal that ended it is a negative number."""
        return await asyncio.shield(self.ended)

    async def stop(self, grace_seconds: float) -> int:
        """Ask it to stop, and kill it where it takes longer than it may; its exit code."""
        if not self._is_stopping:  # a second signal would end it at once
            self._is_stopping = True
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        try:
            return await asyncio.wait_for(self.wait(), grace_seconds + KILL_AFTER_SECONDS)
        except TimeoutError:
            self.kill()
            return await self.wait()

    def kill(self) -> None:
        """End it at once, with whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def let_go(self) -> None:
        """End the lifeline, by which the worker learns that nobody waits for it."""
        if self._lifeline.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._lifeline)
            self._lifeline.close()
            self._letters.put_nowait(b"")

    async def _wait_for_end(self) -> int:
        code = await self.process.wait()
        self._listen()  # what it said last
        self.let_go()
        return code

    def _listen(self) -> None:
        if self._lifeline.fileno() < 0:
            return
        try:
            letters = self._lifeline.recv(64)
        except BlockingIOError:
            return
        except OSError:
            letters = b""
        self.beats += letters.count(ALIVE)
        for letter in letters.replace(ALIVE, b""):
            self._letters.put_nowait(bytes([letter]))
        if not letters:
            asyncio.get_running_loop().remove_reader(self._lifeline)
            self._letters.put_nowait(b"")


def find_folder() -> Path | None:
    """The current folder by the name under which it was entered, if the shell has left it in `PWD`.

    Where that is a link to the newest of several versions, workers that start after the link was
    changed find the new one.
    """
    named = Path(os.environ.get("PWD", ""))
    with contextlib.suppress(OSError):
        if named.is_absolute() and named.samefile("."):
            return named
    return None
