"""Serve an app in this process until a signal says to stop.

The first SIGTERM or Ctrl-C stops gracefully: no new connections, answers on their way get
`grace_seconds` to finish. The second ends the process at once: by then somebody is impatient.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bistro.ground.types import Application
from bistro.serving.server import BACKLOG, Server

EXIT_INTERRUPTED = 128 + signal.SIGINT
SIGNALS = (signal.SIGINT, signal.SIGTERM)
THREAD_NAME = "bistro-loop"
THREADS_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen: `host` and `port`, the path of a UNIX socket in `uds`, or an open socket's `fd`."""

    host: str = "127.0.0.1"
    port: int = 8000
    uds: str | None = None
    fd: int | None = None

    def open(self) -> socket.socket:
        """A socket that listens there, and that new processes can be given.

        Clients that come before anybody accepts wait. Raises OSError if the address can't be had.
        """
        if self.fd is not None:
            return socket.socket(fileno=self.fd)
        opened = _bind_unix(self.uds) if self.uds is not None else _bind(self.host, self.port)
        opened.setblocking(False)
        opened.listen(BACKLOG)
        return opened


def address_of(sock: socket.socket) -> str:
    """The address of a bound socket, as people type it into a browser."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_app(
    app: Application,
    sock: socket.socket,
    *,
    grace_seconds: float = 10.0,
    on_ready: Callable[[], None] = lambda: None,
    lifeline: socket.socket | None = None,
) -> int:
    """Serve `app` on `sock` until a signal; the exit code: 0, or 130 after Ctrl-C.

    `on_ready` is called once requests are answered. Where a `lifeline` is given, its end (whoever
    holds the other one is gone) stops the server as SIGTERM does. What the app raises at its start
    or stop is raised here.
    """
    # The event loop's own threads, for `asyncio.to_thread`; ours, so that we can leave them behind.
    threads = ThreadPoolExecutor(thread_name_prefix=THREAD_NAME)
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        runner.get_loop().set_default_executor(threads)
        code = runner.run(_serve(app, sock, grace_seconds, on_ready, lifeline))
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


class StopSignals:
    """Hears SIGTERM and Ctrl-C in the running event loop: `wait` for the first, end at the second."""

    def __init__(self, before_end: Callable[[], None] = lambda: None) -> None:
        """`before_end` is called when a second signal is about to end the process."""
        loop = asyncio.get_running_loop()
        self._future: asyncio.Future[int] = loop.create_future()
        self._before_end = before_end
        for number in SIGNALS:
            loop.add_signal_handler(number, self._take, number)

    @property
    def came(self) -> bool:
        """Whether it is time to stop."""
        return self._future.done()

    async def wait(self) -> int:
        """The exit code that the first signal asks for, once it has come."""
        return await asyncio.shield(self._future)

    def stop(self, code: int = 0) -> None:
        """Ask to stop, as a first signal does."""
        if not self._future.done():
            self._future.set_result(code)

    def _take(self, number: int) -> None:
        if self._future.done():
            self._before_end()
            end_at_once(128 + number)
        self.stop(EXIT_INTERRUPTED if number == signal.SIGINT else 0)


def end_at_once(code: int) -> None:
    """End this process without waiting for anything, also not for threads that never return."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


async def _serve(
    app: Application,
    sock: socket.socket,
    grace_seconds: float,
    on_ready: Callable[[], None],
    lifeline: socket.socket | None,
) -> int:
    signals = StopSignals()
    if lifeline is not None:
        asyncio.get_running_loop().add_reader(lifeline, signals.stop)
    server = Server(app, sock=sock)
    stopped = asyncio.ensure_future(signals.wait())
    started = asyncio.ensure_future(server.start())
    await asyncio.wait({stopped, started}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        # Stopped while the app still starts: what it has opened so far is closed by the cancellation.
        started.cancel()
        await asyncio.wait({started})
        return await stopped
    stopped_early = stopped.done()
    started.result()
    if not stopped_early:
        on_ready()
    code = await stopped
    await server.stop(grace_seconds)
    return code


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


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        # Without it a restart would have to wait until the kernel has forgotten old connections.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except BaseException:
        opened.close()
        raise
    return opened


def _bind_unix(path: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_dead_socket(path)
        opened.bind(path)
    except BaseException:
        opened.close()
        raise
    return opened


def _remove_dead_socket(path: str) -> None:
    """A server that was killed leaves its socket's file behind, on which nobody could listen again."""
    if not Path(path).is_socket():
        return  # another kind of file: `bind` refuses it, and it stays
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        except OSError:
            pass  # then `bind` says what is wrong
