"""Serve the app in this process; what every worker of `bistro run` does."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import click
import msgspec

from bistro.app import BaseApp
from bistro.cli.errors import AppFailed
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.load_app import import_app
from bistro.cli.run_options import WorkerOptions
from bistro.cli.settings import Settings, choose_environment, read_settings
from bistro.ground.environment import HTTPS_NAME, RELOADS_NAME
from bistro.ground.errors import BistroError
from bistro.ground.log import configure_logging
from bistro.serving.binding import Binding
from bistro.serving.options import ServingOptions
from bistro.serving.run import run_app
from bistro.serving.worker_process import READY


@click.command(hidden=True)
@click.argument("options", default="{}")
@click.option("--fd", type=int, required=True, help="Number of the listening socket.")
@click.option("--lifeline", type=int, required=True, help="Number of the socket to the supervisor.")
def command(options: str, fd: int, lifeline: int) -> int:
    """Serve with a socket that `bistro run` has opened; not for use by hand."""
    _hold_hang_up()
    choose_environment()
    settings = read_settings()
    told = msgspec.json.decode(options, type=WorkerOptions)
    source = get_source(told.app, Path.cwd(), settings.bistro_app)
    line = socket.socket(fileno=lifeline)
    sock = Binding(fd=fd).open()
    for inherited in (line, sock):
        inherited.set_inheritable(False)  # programs that the app starts have no use for them
    set_up_logging(settings, told)
    return serve(source, sock, told.serving, on_ready=lambda: _tell_ready(line), lifeline=line)


def serve(
    source: AppSource,
    sock: socket.socket,
    options: ServingOptions,
    *,
    on_ready: Callable[[], None],
    lifeline: socket.socket | None = None,
) -> int:
    """Import the app and serve it until a signal; the exit code. Raises what keeps it from starting."""
    if options.tls is not None:
        os.environ[HTTPS_NAME] = "1"
    app = import_app(source)
    app.freeze()
    if os.environ.get(RELOADS_NAME):
        on_ready = _checking(app, on_ready)
    try:
        return run_app(app, sock, options, on_ready=on_ready, lifeline=lifeline)
    except BistroError:
        raise
    except Exception as error:
        raise AppFailed(f"the app raised {type(error).__name__} at its start or stop: {error}") from error


def _checking(app: BaseApp, on_ready: Callable[[], None]) -> Callable[[], None]:
    """`on_ready`, and then what `bistro check` finds; the developer's server does not wait for it."""

    def ready() -> None:
        on_ready()
        # Not an import at the head: in production nobody asks for it.
        check = importlib.import_module("bistro.cli.check")
        Thread(target=check.tell_findings, args=(app,), name="bistro check", daemon=True).start()

    return ready


def set_up_logging(settings: Settings, told: WorkerOptions) -> None:
    """Configure logging as the environment says, then as the command line says, which wins."""
    given = {"LOG_FORMAT": told.log_format, "LOG_LEVEL": told.log_level}
    configure_logging(env=settings.log_environment | {name: value for name, value in given.items() if value})


def _hold_hang_up() -> None:
    """Let SIGHUP do nothing until the server has its own way with it: the code is being read anew anyway."""
    # Not SIG_IGN, which says that somebody (nohup) wants it to be ignored to the end.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: None)


def _tell_ready(line: socket.socket) -> None:
    line.setblocking(False)
    with contextlib.suppress(OSError):  # the parent is gone, which the server hears as well
        line.send(READY)
