"""Several processes that serve one address, kept alive by a parent that serves nothing itself.

How it works: the parent holds the listening socket and gives it to every worker, so that no
connection is lost while one of them is replaced. There are as many *places* as workers; each has a
task that fills it, waits until its worker has ended or is due to be replaced, and fills it again.
A worker that is due serves on until its successor answers, and only one is being replaced at a
time, so the site is never short of workers: not for a new version of the code (SIGHUP), and not
when all of them have grown too large at once.

The first worker starts alone. An app that can't start says so once, and ends everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from math import inf

from bistro.serving.signals import StopSignals
from bistro.serving.waiting import wait_for_first
from bistro.serving.wear import REASONS
from bistro.serving.worker_process import BLOCKED, WorkerCommand, WorkerProcess, find_folder

STEADY_SECONDS = 5.0
"""A worker that dies sooner than this after its start is taken to be one that can't live."""
RESTART_WAIT_SECONDS_MAX = 30.0
START_SECONDS_MAX = 300.0
"""How long a worker may take until it answers, except the very first."""


class CannotStart(Exception):
    """A worker has ended before it was ready, or could not even be started; says how."""


class Place:
    """Where one worker serves, and its successors after it."""

    def __init__(self) -> None:
        self.due = asyncio.Event()
        """Set when who serves here is to be replaced."""
        self.early_deaths = 0
        """How many workers in a row have died soon after their start."""

    async def wait_until_due(self) -> bytes:
        """Returns when `due` is set; no letter of a worker."""
        await self.due.wait()
        return b""

    @property
    def wait_seconds(self) -> float:
        """How long to wait before the next start: not at all after the first death, then ever longer."""
        return min(2.0 ** max(0, self.early_deaths - 1) - 1, RESTART_WAIT_SECONDS_MAX)


class Supervisor:
    """Keeps `count` workers serving `sock` until a signal."""

    def __init__(
        self,
        command: WorkerCommand,
        sock: socket.socket,
        count: int,
        *,
        grace_seconds: float = 10.0,
        blocked_seconds: float | None = None,
        on_ready: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """`on_ready` is called once, when all workers are; `tell` gets a line for all that befalls one.

        A worker whose event loop has not turned for `blocked_seconds` is killed, and another started.
        """
        self._command = command
        self._sock = sock
        self._folder = find_folder()
        self._grace_seconds = grace_seconds
        self._blocked_seconds = blocked_seconds or inf
        self._on_ready = on_ready
        self._tell = tell
        self._workers: set[WorkerProcess] = set()
        self._places = [Place() for _ in range(count)]
        self._not_ready = count
        self._turn = asyncio.Lock()

    def run(self) -> int:
        """Serve until a signal; 0, 130 after Ctrl-C, or the exit code of an app that can't start."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        signals = StopSignals(before_end=self._kill_all, on_hang_up=self._replace_all)
        code = await wait_for_first(signals.wait(), self._serve())
        self._sock.close()  # whoever comes now is refused, and can go elsewhere
        await asyncio.gather(*(worker.stop(self._grace_seconds) for worker in self._workers))
        assert code is not None
        return code

    async def _serve(self) -> int:
        """Keep all places filled; the exit code, where not even the first worker can start."""
        first = await self._start()
        if not await first.wait_until_ready():
            code = await first.wait()
            return code if code > 0 else 1
        async with asyncio.TaskGroup() as keepers:
            for number, place in enumerate(self._places):
                keepers.create_task(self._keep(place, None if number else first))
        raise AssertionError("the keepers never end")

    async def _keep(self, place: Place, worker: WorkerProcess | None) -> None:
        """Let somebody serve in `place`, always."""
        if worker is None:
            worker = await self._fill(place)
        self._count_ready()
        while True:
            letter = await self._wait_for_reason(place, worker)
            if letter == BLOCKED:
                self._tell(f"The event loop of worker {worker.pid} is blocked for good; ending it")
                worker.kill()
                await worker.wait()
            if letter in REASONS:
                self._tell(f"Worker {worker.pid} {REASONS[letter]}; starting its successor")
                place.due.set()
            if worker.ended.done():
                self._note_death(place, worker)
                worker = await self._fill(place)
            elif place.due.is_set():
                worker = await self._replace(place, worker)

    async def _wait_for_reason(self, place: Place, worker: WorkerProcess) -> bytes:
        """Wait until something has to be done in `place`; the letter that says what, if one does."""
        letter = await wait_for_first(
            worker.wait_for_letter(),
            worker.wait_until_blocked(self._blocked_seconds),
            place.wait_until_due(),
            or_end_of=worker.ended,
        )
        return letter or b""

    async def _fill(self, place: Place) -> WorkerProcess:
        """A worker that is ready, however often it takes."""
        while True:
            # Somebody who asks for new workers has perhaps mended what keeps them from living.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(place.due.wait(), place.wait_seconds)
            place.due.clear()
            try:
                return await self._start_ready()
            except CannotStart as error:
                place.early_deaths += 1
                self._tell(f"A worker can't start ({error}); trying again in {place.wait_seconds:.0f} s")

    async def _replace(self, place: Place, worker: WorkerProcess) -> WorkerProcess:
        """The successor of `worker`, once that is stopped; `worker` itself where there can't be one."""
        async with self._turn:
            if worker.ended.done() or not place.due.is_set():
                return worker
            place.due.clear()
            try:
                successor = await self._start_ready()
            except CannotStart as error:
                self._tell(f"The new worker can't start ({error}); the old ones serve on")
                for each in self._places:  # the next ones would fail in the same way
                    each.due.clear()
                return worker
            await worker.stop(self._grace_seconds)
            self._workers.discard(worker)
            self._tell(f"Worker {successor.pid} has taken over from {worker.pid}")
            place.early_deaths = 0
            return successor

    async def _start_ready(self) -> WorkerProcess:
        """A new worker, once it answers. Raises CannotStart."""
        try:
            worker = await self._start()
        except OSError as error:  # the system allows no more processes, or the folder is gone
            raise CannotStart(str(error)) from None
        try:
            if await asyncio.wait_for(worker.wait_until_ready(), START_SECONDS_MAX):
                return worker
        except TimeoutError:
            worker.kill()
        code = await worker.wait()
        self._workers.discard(worker)
        raise CannotStart(f"exit code {code}")

    async def _start(self) -> WorkerProcess:
        # Shielded: a worker that is just being started when we stop must not be forgotten.
        starting = asyncio.ensure_future(WorkerProcess.start(self._command, self._sock, self._folder))
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

    def _note_death(self, place: Place, worker: WorkerProcess) -> None:
        self._workers.discard(worker)
        is_early = asyncio.get_running_loop().time() - worker.started_at < STEADY_SECONDS
        place.early_deaths = place.early_deaths + 1 if is_early else 0
        later = f" in {place.wait_seconds:.0f} s" if place.wait_seconds else ""
        self._tell(
            f"Worker {worker.pid} has ended (exit code {worker.ended.result()}); starting another{later}"
        )

    def _replace_all(self) -> None:
        self._tell("Starting new workers, one after another")
        for place in self._places:
            place.due.set()

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()
