"""Serve an app in this process until a signal says to stop.

The first SIGTERM or Ctrl-C stops gracefully: no new connections, answers on their way get
`grace_seconds` to finish. The second ends the process at once, since by then somebody is impatient.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bistro.ground.types import Application
from bistro.serving.server import Server

EXIT_INTERRUPTED = 128 + signal.SIGINT
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen: `host` and `port`, a UNIX socket's path in `uds`, or an open socket's number in `fd`."""

    host: str = "127.0.0.1"
    port: int = 8000
    uds: str | None = None
    fd: int | None = None

    def open(self) -> socket.socket:
        """A bound socket that new processes can be given. Raises OSError where the address can't be had."""
        if self.fd is not None:
            return socket.socket(fileno=self.fd)
        if self.uds is not None:
            return _open_unix(self.uds)
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Without it, a restart would have to wait until the kernel has forgotten old connections.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((self.host, self.port))
        except BaseException:
            opened.close()
            raise
        opened.setblocking(False)
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
    """Serve `app` on `sock` until a signal, and return the exit code: 0, or 130 after Ctrl-C.

    `on_ready` is called once connections are accepted. Where `lifeline` is given, its end (the
    supervisor is gone) stops the server as SIGTERM does. What the app raises at its start is raised.
    """
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        return runner.run(_serve(app, sock, grace_seconds, on_ready, lifeline))


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
    grace_seconds: float,
    on_ready: Callable[[], None],
    lifeline: socket.socket | None,
) -> int:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    _listen_to_signals(loop, stop)
    if lifeline is not None:
        loop.add_reader(lifeline, _settle, stop, 0)
    server = Server(app, sock=sock)
    await server.start()
    on_ready()
    code = await stop
    await server.stop(grace_seconds)
    return code


def _listen_to_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Future[int]) -> None:
    def take(number: int) -> None:
        code = EXIT_INTERRUPTED if number == signal.SIGINT else 0
        if stop.done():
            # Not sys.exit: a handler that blocks its thread would keep the interpreter from ending.
            sys.stderr.flush()
            sys.stdout.flush()
            os._exit(code or 128 + number)
        _settle(stop, code)

    for number in SIGNALS:
        loop.add_signal_handler(number, take, number)


def _settle(stop: asyncio.Future[int], code: int) -> None:
    if not stop.done():
        stop.set_result(code)


def _open_unix(path: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_dead_socket(path)
        opened.bind(path)
    except BaseException:
        opened.close()
        raise
    opened.setblocking(False)
    return opened


def _remove_dead_socket(path: str) -> None:
    """A server that was killed leaves its socket's file, on which nobody can listen again."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass
