"""Blocking code in a bounded number of threads, so that the event loop is free for everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue

# Any: a job carries any function, its arguments and its result.
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def run_in_thread(
    function: Callable[Parameters, Result], *args: Parameters.args, **options: Parameters.kwargs
) -> Result:
    """Wait for `function(*args, **options)`, which may block, in a thread of the event loop's own pool.

    For code outside an app, and for the odd call; where many callers share a limit, or one kind of
    work must not take the threads of another, make a `ThreadPool` and call `pool.run`.
    What is said there of context and of cancellation holds here too.
    """
    loop = asyncio.get_running_loop()
    job = _Job(loop, function, args, options)
    # The loop owns its pool: made at first use, at most processors + 4 threads, closed with the loop.
    try:
        loop.run_in_executor(None, job.run)
    except RuntimeError:
        if not _interpreter_ends():
            raise
        job.run()
    return await job.wait()  # type: ignore[no-any-return]  # the job holds the result of any function


class ThreadPoolStatistics(Struct, frozen=True):
    """What a pool is doing at this moment, and has done so far."""

    threads: int
    threads_max: int
    running: int
    waiting: int
    finished: int


class ThreadPool:
    """Runs blocking functions in at most `size_max` threads, each started when it is first needed.

    The queue before the threads has no limit of its own: whoever fills it waits for the answer, so
    that the number of requests in hand bounds it.
    The threads don't keep the process alive; `close` waits for the work in hand. While the interpreter
    ends there are no new threads; what has none then runs in that of the caller.
    """

    def __init__(self, size_max: int | None = None, *, name: str = "bistro-thread") -> None:
        """Have at most `size_max` threads; by default processors + 4, and not over 32."""
        self.size_max = min(32, (os.cpu_count() or 1) + 4) if size_max is None else size_max
        if self.size_max < 1:
            raise ValueError(f"a pool needs at least one thread, not {size_max}")
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._finished = 0
        self._closed = False

    async def run(
        self, function: Callable[Parameters, Result], /, *args: Parameters.args, **options: Parameters.kwargs
    ) -> Result:
        """Wait for `function(*args, **options)` in one of the threads; its error is raised here.

        The function sees a copy of the caller's context variables; what it sets stays in the copy.

        Cancelling a call whose function still waits for a thread ends it at once. A function that
        runs can't be stopped: the call then ends when the function has, so that nobody closes a
        connection beneath it; its result is thrown away. Cancelling a second time gives up
        waiting. Raises RuntimeError if the pool is closed.
        """
        job = _Job(asyncio.get_running_loop(), function, args, options)
        self._put(job)
        return await job.wait()  # type: ignore[no-any-return]  # the job holds the result of any function

    def statistics(self) -> ThreadPoolStatistics:
        """How many threads there are, how much they do and how much waits for them."""
        with self._lock:
            running = min(self._unfinished, len(self._threads))
            return ThreadPoolStatistics(
                threads=len(self._threads),
                threads_max=self.size_max,
                running=running,
                waiting=self._unfinished - running,
                finished=self._finished,
            )

    def close(self, timeout_seconds: float = 10.0) -> bool:
        """Take no more work, and wait for what has been taken; False if that takes too long.

        Blocks, so that a running event loop should call it in a thread. Calls that have still no
        thread are finished as well, if time allows.
        """
        with self._lock:
            already_closed, self._closed = self._closed, True
            threads = list(self._threads)
        if not already_closed:
            for _ in threads:
                self._jobs.put(None)
        deadline = time.monotonic() + timeout_seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _put(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("this thread pool is closed")
            if self._unfinished >= len(self._threads) < self.size_max:
                self._start_thread()
            self._unfinished += 1
            if self._threads:
                self._jobs.put(job)
                return
        self._run(job)

    def _start_thread(self) -> None:
        name = f"{self._name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No more threads: those that there are do the work.
            if not self._threads and not _interpreter_ends():
                raise
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._run(job)
            # Without this the last result would live until the next job comes.
            del job

    def _run(self, job: _Job) -> None:
        job.run()
        with self._lock:
            self._unfinished -= 1
            self._finished += 1


class _Job:
    """One call on its way to a thread and back."""

    __slots__ = ("answer", "args", "context", "delivered", "ended", "function", "loop", "options", "ticket")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        self.loop = loop
        self.function = function
        self.args = args
        self.options = options
        self.context = copy_context()
        self.answer: asyncio.Future[Any] = loop.create_future()
        self.delivered = False
        self.ended: asyncio.Event | None = None
        # Whoever takes the only ticket decides: the thread that begins, or the caller who gives up.
        self.ticket = [None]

    def run(self) -> None:
        """Call the function and hand its result to the loop; runs in a thread and never raises."""
        if not self._take_ticket():
            return
        result, error = None, None
        try:
            result = self.context.run(self.function, *self.args, **self.options)
        except BaseException as caught:  # noqa: BLE001 - the caller gets it, whatever it is
            error = caught
        # The loop may be closed by now; then nobody waits for the answer any more.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._deliver, result, error)
        # The traceback of an error leads to this frame: without this they would keep each other alive.
        del error

    async def wait(self) -> Any:
        """The function's result, in the event loop; see `ThreadPool.run` for what a cancellation does."""
        try:
            return await self.answer
        except asyncio.CancelledError:
            if not self.delivered and not self._take_ticket():
                self.ended = asyncio.Event()
                await self.ended.wait()
            raise

    def _take_ticket(self) -> bool:
        try:
            self.ticket.pop()
        except IndexError:
            return False
        return True

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        self.delivered = True
        if self.ended is not None:
            self.ended.set()
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(_fit_for_a_future(error))


def _interpreter_ends() -> bool:
    """Whether threads are over: pools take no more work, and from Python 3.12 on no thread can start.

    What an app does at its stop then runs in the thread of its event loop, which answers no more requests.
    """
    return not threading.main_thread().is_alive()


def _fit_for_a_future(error: BaseException) -> BaseException:
    # A coroutine can't raise StopIteration (PEP 479), so that a future refuses to hold it.
    if isinstance(error, StopIteration):
        replacement = RuntimeError("the function raised StopIteration")
        replacement.__cause__ = error
        return replacement
    return error
