"""Several processes that serve one address, kept alive by a parent that serves nothing itself.

How it works: the parent holds the listening socket and gives it to every worker, so that no
connection is lost while one of them is replaced. Each worker also has one end of a *lifeline*, a
pair of sockets: it says "ready" on it once, and when the parent is gone, however that happened, the
line ends and the worker stops too. Workers stand in sessions of their own, so that a Ctrl-C in the
terminal reaches the parent alone and each of them is asked to stop once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from typing import TypeAlias

from bistro.serving.run import StopSignals

READY = b"r"
RESTART_WAIT_SECONDS_MAX = 30.0
KILL_AFTER_SECONDS = 2.0
"""How long beyond its time of grace a worker may take before it is killed."""

WorkerCommand: TypeAlias = Callable[[int, int], Sequence[str]]
"""The command line of a worker, made from the numbers of its listening socket and of its lifeline."""


class WorkerProcess:
    """A process that serves: tells when it is ready, and ends when this end of its lifeline does."""

    def __init__(self, process: Process, lifeline: socket.socket) -> None:
        self.process = process
        self._lifeline = lifeline

    @classmethod
    async def start(cls, command: WorkerCommand, sock: socket.socket) -> WorkerProcess:
        """Start one that serves `sock`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            numbers = (sock.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *command(*numbers), pass_fds=numbers, start_new_session=True
            )
        return cls(process, ours)

    async def wait_until_ready(self) -> bool:
        """True once it answers requests, False if it ended before."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._lifeline, 1) == READY
        except ConnectionError:
            return False

    async def wait(self) -> int:
        """Its exit code, once it has ended; a signal that ended it is a negative number."""
        code = await self.process.wait()
        self._lifeline.close()
        return code

    async def stop(self, grace_seconds: float) -> int:
        """Ask it to stop, and kill it where it takes longer than it may; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            return await asyncio.wait_for(asyncio.shield(self.wait()), grace_seconds + KILL_AFTER_SECONDS)
        except TimeoutError:
            self.kill()
            return await self.wait()

    def kill(self) -> None:
        """End it at once, with whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Keeps `count` workers serving `sock` until a signal."""

    def __init__(
        self,
        command: WorkerCommand,
        sock: socket.socket,
        count: int,
        *,
        grace_seconds: float = 10.0,
        on_ready: Callable[[], None] = lambda: None,
        on_lost: Callable[[int, int], None] = lambda _pid, _code: None,
    ) -> None:
        """`on_ready` is called once, when all workers are; `on_lost` with pid and exit code of a dead one."""
        self._command = command
        self._sock = sock
        self._count = count
        self._grace_seconds = grace_seconds
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._workers: set[WorkerProcess] = set()
        self._not_ready = count
        self._failed_code: int | None = None

    def run(self) -> int:
        """Serve until a signal; 0, 130 after Ctrl-C, or the exit code of workers that can't start."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        self._signals = StopSignals(before_end=self._kill_all)
        keepers = [asyncio.create_task(self._keep()) for _ in range(self._count)]
        code = await self._signals.wait()
        self._sock.close()  # whoever comes now is refused, and can go elsewhere
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(worker.stop(self._grace_seconds) for worker in self._workers))
        return code if self._failed_code is None else self._failed_code

    async def _keep(self) -> None:
        """Keep one worker alive; one that dies at its start is started again ever more slowly."""
        wait_seconds = 0.0
        was_ready = False
        while not self._signals.came:
            await asyncio.sleep(wait_seconds)
            worker = await self._start_one()
            is_ready = await worker.wait_until_ready()
            if is_ready and not was_ready:
                was_ready = True
                self._count_ready()
            code = await worker.wait()
            self._workers.discard(worker)
            if not was_ready and self._not_ready == self._count:
                self._give_up(code)
                return
            self._on_lost(worker.process.pid, code)
            wait_seconds = 0.0 if is_ready else min(2 * wait_seconds + 1, RESTART_WAIT_SECONDS_MAX)

    async def _start_one(self) -> WorkerProcess:
        # Shielded: a worker that is just being started when we stop must not be forgotten.
        starting = asyncio.ensure_future(WorkerProcess.start(self._command, self._sock))
        try:
            worker = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._workers.add(await starting)
            raise
        self._workers.add(worker)
        return worker

    def _count_ready(self) -> None:
        self._not_ready -= 1
        if self._not_ready == 0:
            self._on_ready()

    def _give_up(self, code: int) -> None:
        """The app can't start; the worker has said why. Restarting would only say it again."""
        if self._failed_code is None:
            self._failed_code = code if code > 0 else 1
        self._signals.stop()

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()
