"""Serve the app in this process; what every worker of `bistro run` does."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import click

from bistro.cli.errors import AppFailed
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.load_app import import_app
from bistro.cli.settings import Settings, choose_environment, read_settings
from bistro.ground.errors import BistroError
from bistro.ground.log import LogFormatName, configure_logging
from bistro.serving.run import Binding, run_app
from bistro.serving.supervisor import READY


@click.command(hidden=True)
@click.argument("app", required=False)
@click.option("--fd", type=int, required=True, help="Number of the listening socket.")
@click.option("--lifeline", type=int, required=True, help="Number of the socket to the supervisor.")
@click.option("--grace", type=float, default=10.0)
@click.option("--log-format", default=None)
@click.option("--log-level", default=None)
def command(
    app: str | None,
    fd: int,
    lifeline: int,
    grace: float,
    log_format: LogFormatName | None,
    log_level: str | None,
) -> int:
    """Serve with a socket that `bistro run` has opened; not for use by hand."""
    choose_environment()
    settings = read_settings()
    source = get_source(app, Path.cwd(), settings.bistro_app)
    line = socket.socket(fileno=lifeline)
    sock = Binding(fd=fd).open()
    for inherited in (line, sock):
        inherited.set_inheritable(False)  # programs that the app starts have no use for them
    set_up_logging(settings, log_format, log_level)
    return serve(source, sock, grace, on_ready=lambda: _tell_ready(line), lifeline=line)


def serve(
    source: AppSource,
    sock: socket.socket,
    grace_seconds: float,
    *,
    on_ready: Callable[[], None],
    lifeline: socket.socket | None = None,
) -> int:
    """Import the app and serve it until a signal; the exit code. Raises what keeps it from starting."""
    app = import_app(source)
    app.freeze()
    try:
        return run_app(app, sock, grace_seconds=grace_seconds, on_ready=on_ready, lifeline=lifeline)
    except BistroError:
        raise
    except Exception as error:
        raise AppFailed(f"the app raised {type(error).__name__} at its start or stop: {error}") from error


def set_up_logging(settings: Settings, log_format: LogFormatName | None, log_level: str | None) -> None:
    """Configure logging as the environment says, then as the command line says, which wins."""
    given = {"LOG_FORMAT": log_format, "LOG_LEVEL": log_level}
    configure_logging(env=settings.log_environment | {name: value for name, value in given.items() if value})


def _tell_ready(line: socket.socket) -> None:
    line.setblocking(False)
    line.send(READY)
