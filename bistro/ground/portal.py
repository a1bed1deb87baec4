"""An event loop in a thread of its own, so that a plain test can use what is written with `await`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")
# Any: what a coroutine yields and is sent is between it and its event loop.
Work = Coroutine[Any, Any, Result]


class Portal:
    """Runs coroutines for threads that have no event loop; the loop starts when it is first needed.

    Tasks that a coroutine leaves behind go on between two calls, as they would in a server. Each
    coroutine runs in a copy of the caller's context variables.
    """

    def __init__(self, name: str = "portal") -> None:
        """`name`: that of the thread, behind "bistro"."""
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def run(self, coroutine: Work[Result]) -> Result:
        """The result of `coroutine`, or its exception. Ctrl-C cancels it."""
        loop = self._get_loop()
        if self._is_inside():
            coroutine.close()
            raise RuntimeError(
                f"code in the event loop of the {self._name} can't wait for it: it would wait for itself"
            )
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def run_at_last(self, work: Work[None]) -> None:
        """Run `work`, the end of something that used the loop, and wait for it; not where no loop runs.

        The garbage collector may call from any thread. From the loop's own there is no waiting.
        """
        loop = self._loop
        if loop is None:
            work.close()
            return
        future = asyncio.run_coroutine_threadsafe(work, loop)
        if not self._is_inside():
            future.result()

    def close(self, last: Work[None]) -> None:
        """`run_at_last`, cancel what is left, end the loop and its thread. A second call does nothing."""
        thread = self._thread
        try:
            self.run_at_last(self._finish(last) if self._loop else last)
        finally:
            self._loop = None
            if thread is not None and not self._is_inside():
                thread.join()

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                ready: Future[asyncio.AbstractEventLoop] = Future()
                # A daemon, so that a test run which forgets to close can still end.
                self._thread = threading.Thread(
                    target=self._serve, args=(ready,), name=f"bistro {self._name}", daemon=True
                )
                self._thread.start()
                self._loop = ready.result()
            return self._loop

    def _serve(self, ready: Future[asyncio.AbstractEventLoop]) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._wait_for_stop(ready))

    async def _wait_for_stop(self, ready: Future[asyncio.AbstractEventLoop]) -> None:
        self._stopping = asyncio.Event()
        ready.set_result(asyncio.get_running_loop())
        await self._stopping.wait()

    async def _finish(self, last: Work[None]) -> None:
        assert self._stopping is not None
        try:
            await last
        finally:
            self._stopping.set()

    def _is_inside(self) -> bool:
        return threading.current_thread() is self._thread
