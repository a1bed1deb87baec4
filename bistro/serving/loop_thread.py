"""An event loop in a thread of its own, for servers that have none: the app starts and stops in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from concurrent.futures import Future

from bistro.ground.types import Application
from bistro.serving.run import find_loop_factory


class LoopThread:
    """Starts `app` in a loop when the loop is first asked for, and stops it when the process ends.

    A process that was forked from one with such a loop gets a new one: threads don't come along.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._process = 0
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread: threading.Thread | None = None
        self._end: asyncio.Event | None = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which the app runs. Raises what the app raised at its start, each time."""
        if self._process != os.getpid():
            with self._lock:
                self._begin()
        return self._started.result()

    def close(self) -> None:
        """Stop the app before the process ends, and wait for it; the next `get_loop` starts it again."""
        if self._process == os.getpid() and self._thread is not None:
            if self._end is not None:
                self._started.result().call_soon_threadsafe(self._end.set)
            self._thread.join()
            self._process = 0

    def _begin(self) -> None:
        if self._process != os.getpid():
            self._started, self._end = Future(), None
            # No daemon, whatever thread of the server makes it: the process waits until the app has stopped.
            self._thread = threading.Thread(
                target=self._run, args=(self._started,), name="bistro-wsgi-loop", daemon=False
            )
            self._thread.start()
            self._process = os.getpid()

    def _run(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        # No asyncio.Runner, which ends the loop's threads from one more thread: from Python 3.12 on none can
        # start once the interpreter ends. `close` lets them go, and the interpreter waits for them.
        loop = (find_loop_factory() or asyncio.new_event_loop)()
        try:
            loop.run_until_complete(self._serve(started))
            loop.run_until_complete(_end_others())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    async def _serve(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        try:
            await self._app.start()
        except BaseException as error:  # noqa: BLE001 - whoever asks for the loop gets it
            started.set_exception(error)
            return
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._end = end
        # Servers tell a WSGI application nothing when they end; that the main thread has ended can be
        # waited for, also in children of multiprocessing, which leave out `atexit`.
        threading.Thread(target=_wait_for_end, args=(loop, end), name="bistro-wsgi-end", daemon=True).start()
        started.set_result(loop)
        await end.wait()
        await self._app.stop()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _wait_for_end(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    threading.main_thread().join()
    with contextlib.suppress(RuntimeError):  # closed already
        loop.call_soon_threadsafe(end.set)
