"""The thread that writes what the event loop can't write at once, and in which transactions live.

How it works. SQLite lets one connection write at a time. This thread owns the connection for all
that is slow, meets a lock, or spans an `await`. Statements that wait together are committed
together: each in a savepoint, so that one that fails takes nothing with it. A transaction that a
task has begun holds the thread from its first statement to its end; whoever waits for longer than
allowed is told that the database is busy.
"""

from __future__ import annotations

import asyncio
import queue
import re
import threading
import time
from typing import Any  # Any: the results of jobs are of any kind

import apsw

from bistro.db.drivers.sqlite.faults import left_open
from bistro.db.drivers.sqlite.jobs import Job, Outcome, deliver
from bistro.db.drivers.sqlite.statements import GuardedStatements
from bistro.db.errors import DatabaseBusy, TransactionError

TOGETHER_MAX = 64
SWEEP_SECONDS = 0.25
UNDONE = "the database has undone this transaction"
"""SQLite does so by itself when a change is interrupted, or the disk is full."""


class Held(Job):
    """The first job of a transaction; those that follow come by its own queue until one is the last."""

    __slots__ = ("is_over", "jobs")

    def __init__(self, loop: asyncio.AbstractEventLoop, verb: Any, *arguments: Any) -> None:
        super().__init__(loop, verb, *arguments)
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.is_over = False


class Last(Job):
    """The job that ends a transaction."""

    __slots__ = ()


class Writer:
    """The writing thread of one database, and the queue before it."""

    def __init__(self, statements: GuardedStatements, loop: asyncio.AbstractEventLoop) -> None:
        self._statements = statements
        self._loop = loop
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting: set[Job] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._work, name="bistro-sqlite-writer", daemon=True)
        self._thread.start()
        self._held: Held | None = None
        self._is_closing = False

    @property
    def is_held(self) -> bool:
        """Whether a transaction has the thread to itself."""
        return self._held is not None

    @property
    def waiting_count(self) -> int:
        """How many jobs wait or run."""
        return len(self._waiting)

    async def run(self, verb: Any, *arguments: Any) -> Any:
        """The result of `verb`, which is committed when this returns. Raises `DatabaseBusy`."""
        return await self.wait(Job(self._loop, verb, *arguments))

    async def wait(self, job: Job) -> Any:
        """The result of a job put in the common queue."""
        self._waiting.add(job)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        self._jobs.put(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._statements.stop(job)
            raise
        finally:
            self._waiting.discard(job)

    async def follow(self, held: Held, job: Job) -> Any:
        """The result of a job within the transaction that `held` has begun."""
        held.jobs.put(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            if not isinstance(job, Last):
                self._statements.stop(job)
            raise

    def close(self) -> None:
        """Do what waits, then end the thread and close the connection. Blocks."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._is_closing = True
        self._jobs.put(None)
        held = self._held
        if held is not None:
            # Whoever has begun it has not come to its end in time: it is undone.
            held.jobs.put(Last(self._loop, do_nothing))
        self._thread.join()
        self._statements.connection.close()

    def _sweep(self) -> None:
        """Turn away those who have waited for too long."""
        self._sweeping = None
        seconds = self._statements.wait_seconds_max
        late = time.monotonic() - seconds
        for job in [job for job in self._waiting if not job.has_begun and job.since < late]:
            if not job.future.done():
                job.future.set_exception(
                    DatabaseBusy(f"another transaction has been writing for {seconds:g} s")
                )
        if self._waiting:
            self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    # --- in the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch, following = self._take_more(job)
            deliver(self._loop, self._run_together(batch))
            if following is None:
                return
            if isinstance(following, Held) and not following.future.done():
                self._serve(following)

    def _take_more(self, job: Job) -> tuple[list[Job], Job | None]:
        """What can be committed with `job`, and what comes after it: a transaction, None for the end."""
        batch: list[Job] = []
        try:
            while not isinstance(job, Held):
                if not job.future.done():
                    batch.append(job)
                if len(batch) >= TOGETHER_MAX:
                    break
                following = self._jobs.get_nowait()
                if following is None:
                    return batch, None
                job = following
        except queue.Empty:
            pass
        return batch, job

    def _run_together(self, batch: list[Job]) -> list[Outcome]:
        if len(batch) > 1 and all(_can_be_joined(job) for job in batch):
            outcomes = self._try_together(batch)
            if outcomes is not None:
                return outcomes
        return [self._run_alone(job) for job in batch]

    def _run_alone(self, job: Job) -> Outcome:
        outcome = job.run(self._statements)
        return (job, None, left_open()) if _undo(self._statements.connection) else outcome

    def _try_together(self, batch: list[Job]) -> list[Outcome] | None:
        """The outcomes of all, committed; None where nothing of them was, and each has to run alone."""
        statements, connection = self._statements, self._statements.connection
        statements.begin(None)
        try:
            connection.execute("begin immediate")
            outcomes = []
            for job in batch:
                connection.execute("savepoint one")
                outcome = job.run(statements)
                outcomes.append(outcome)
                if not connection.in_transaction:
                    return None  # an interruption or a full disk undoes everything
                connection.execute("release one" if outcome[2] is None else "rollback to one; release one")
            statements.begin(None)
            connection.execute("commit")
        except apsw.Error:
            _undo(connection)
            return None
        return outcomes

    def _serve(self, held: Held) -> None:
        """Run the jobs of one transaction until its last, or until it turns out that it can't begin."""
        connection = self._statements.connection
        self._held = held
        job: Job = held
        while True:
            if job is held or connection.in_transaction or isinstance(job, Last):
                outcome = job.run(self._statements)
            else:
                outcome = job, None, TransactionError(UNDONE)
            if isinstance(job, Last) or (job is held and not connection.in_transaction):
                break
            deliver(self._loop, [outcome])
            job = Last(self._loop, do_nothing) if self._is_closing else held.jobs.get()
        _undo(connection)
        held.is_over = True
        self._held = None
        deliver(self._loop, [outcome])


def _undo(connection: apsw.Connection) -> bool:
    """Undo the transaction that is open, if one is; whether it was."""
    is_open = connection.in_transaction
    if is_open:
        connection.execute("rollback")
    return is_open


def do_nothing(statements: GuardedStatements) -> None:
    """The last job of a transaction that is to be undone: what is open at its end is undone anyway."""


def _can_be_joined(job: Job) -> bool:
    """Whether the statement may run within a transaction: pragmas and VACUUM may not."""
    return bool(job.arguments and _CHANGES_ROWS(str(job.arguments[0])))


_CHANGES_ROWS = re.compile(r"\s*(?:insert|update|delete|replace|with)\b", re.IGNORECASE).match
