"""Serve an app in this process until a signal says to stop.

The first SIGTERM or Ctrl-C stops gracefully: no new connections, answers on their way get
`grace_seconds` to finish. The second ends the process at once: by then somebody is impatient.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bistro.ground.types import Application
from bistro.serving.descriptors import raise_descriptor_limit
from bistro.serving.options import ServingOptions
from bistro.serving.server import Server
from bistro.serving.signals import StopSignals, end_at_once
from bistro.serving.watchdog import Watchdog
from bistro.serving.wear import Wear
from bistro.serving.worker_process import ALIVE, BEAT_SECONDS

THREAD_NAME = "bistro-loop"
THREADS_SECONDS = 0.5
WEAR_AGAIN_SECONDS = 30.0


def run_app(
    app: Application,
    sock: socket.socket,
    options: ServingOptions | None = None,
    *,
    on_ready: Callable[[], None] = lambda: None,
    lifeline: socket.socket | None = None,
) -> int:
    """Serve `app` on `sock` until a signal; the exit code: 0, or 130 after Ctrl-C.

    `on_ready` is called once requests are answered. `lifeline` is the worker's end of it (see
    `worker_process.py`): when the other end is gone, the server stops as at SIGTERM. What the app
    raises at its start or stop is raised here, and TlsFilesError.
    """
    raise_descriptor_limit()
    # The event loop's own threads, for `asyncio.to_thread`; ours, so that we can leave them behind.
    threads = ThreadPoolExecutor(thread_name_prefix=THREAD_NAME)
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        runner.get_loop().set_default_executor(threads)
        code = runner.run(_serve(app, sock, options or ServingOptions(), on_ready, lifeline))
        threads.shutdown(wait=False, cancel_futures=True)
        _end_if_threads_hang(code)
    return code


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loops where uvloop is installed, else None: asyncio's own."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _serve(
    app: Application,
    sock: socket.socket,
    options: ServingOptions,
    on_ready: Callable[[], None],
    lifeline: socket.socket | None,
) -> int:
    signals = StopSignals(has_parent=lifeline is not None)
    wear = Wear(options.wear, app)
    watchdog = Watchdog()
    server = Server(wear.app, sock=sock, ssl=options.tls.open() if options.tls else None)
    stopped = asyncio.ensure_future(signals.wait())
    if lifeline is not None:
        _stop_at_end_of(lifeline, signals)
    started = asyncio.ensure_future(server.start())
    await asyncio.wait({stopped, started}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        # Stopped while the app still starts: what it has opened so far is closed by the cancellation.
        started.cancel()
        await asyncio.wait({started})
        return await stopped
    stopped_early = stopped.done()
    started.result()
    watchdog.start()
    if not stopped_early:
        on_ready()
        if lifeline is not None:
            _beat(wear, lifeline)
    code = await stopped
    watchdog.stop()
    await server.stop(options.grace_seconds, parting_seconds=options.parting_seconds)
    return code


def _stop_at_end_of(lifeline: socket.socket, signals: StopSignals) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(lifeline)  # it would be heard again and again
        signals.stop()

    loop.add_reader(lifeline, stop)


def _beat(wear: Wear, lifeline: socket.socket, silent_until: float = 0.0) -> None:
    """Tell the parent once a second that the loop turns, and seldom that the worker is worn."""
    loop = asyncio.get_running_loop()
    letter = wear.find_reason() if loop.time() >= silent_until else None
    if letter is not None:
        silent_until = loop.time() + WEAR_AGAIN_SECONDS  # perhaps nothing can be done about it yet
    with contextlib.suppress(OSError):  # the parent is gone, which is heard elsewhere, or does not listen
        lifeline.send(ALIVE + (letter or b""))
    loop.call_later(BEAT_SECONDS, _beat, wear, lifeline, silent_until)


def _end_if_threads_hang(code: int) -> None:
    """Leave behind the threads whose work did not end in the time of grace.

    The interpreter would wait for them at its end, perhaps for ever.
    """
    deadline = time.monotonic() + THREADS_SECONDS
    for thread in threading.enumerate():
        if thread.name.startswith(THREAD_NAME):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                end_at_once(code)
