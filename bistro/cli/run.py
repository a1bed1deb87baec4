"""`bistro run`: serve the app, in this process or in workers."""

from __future__ import annotations

import errno
import importlib
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import click

from bistro.cli.errors import AddressTaken
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.output import say, short_path
from bistro.cli.settings import choose_environment, read_settings
from bistro.ground.config import Environment
from bistro.serving.reload import Reloader, Watcher
from bistro.serving.run import Binding, address_of
from bistro.serving.supervisor import Supervisor, WorkerCommand

RELOAD_GRACE_SECONDS = 1.0
SETTINGS_FILES = (".env", "pyproject.toml")

EPILOG = """\b
Examples:
  bistro run                                  app.py in this folder, anew after each change
  bistro run shop/app.py --port 9000
  bistro run shop:app --env production --host 0.0.0.0 --workers 4

\b
Exit codes: 0 stopped by SIGTERM, 130 by Ctrl-C, 1 the app can't start, 78 its configuration
is wrong. A second Ctrl-C ends at once.
"""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `bistro run` was asked for, after looking at the command line and the environment."""

    binding: Binding
    workers: int
    reload: bool
    grace_seconds: float
    watch: tuple[Path, ...]
    worker_arguments: tuple[str, ...]


@click.command(epilog=EPILOG)
@click.argument("app", required=False)
@click.option("--host", help="Address to listen on. [HOST, default 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. [PORT, default 8000]")
@click.option("--uds", metavar="PATH", help="Listen on a UNIX socket instead.")
@click.option("--fd", type=click.IntRange(0), help="Listen on the open socket with this number instead.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes that serve. [WEB_CONCURRENCY, default 1]"
)
@click.option(
    "--reload/--no-reload", default=None, help="Start anew when a file changes. [default: in development]"
)
@click.option("--watch", type=Path, multiple=True, metavar="PATH", help="With --reload: watch this as well.")
@click.option(
    "--env",
    "environment",
    type=click.Choice(["development", "production", "testing"]),
    help="What to run as. [BISTRO_ENV or ENV, default development]",
)
@click.option("--grace", type=click.FloatRange(0), help="Seconds for open requests when stopping. [default: 10]")
@click.option("--log-format", type=click.Choice(["auto", "console", "json"]), help="[LOG_FORMAT, default auto]")
@click.option("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING, ERROR. [LOG_LEVEL, default INFO]")
def command(
    app: str | None,
    host: str | None,
    port: int | None,
    uds: str | None,
    fd: int | None,
    workers: int | None,
    reload: bool | None,
    watch: tuple[Path, ...],
    environment: Environment | None,
    grace: float | None,
    log_format: Literal["auto", "console", "json"] | None,
    log_level: str | None,
) -> int:
    """Serve APP: a file (shop/app.py), a module (shop), or either with a name (shop:app).

    Without APP: what BISTRO_APP or pyproject.toml names, else app.py or main.py in this folder.
    """
    chosen = choose_environment(environment)
    settings = read_settings()
    count = workers or (1 if reload else settings.web_concurrency)
    wants_reload = (chosen == "development" and count == 1 and sys.platform != "win32") if reload is None else reload
    if wants_reload and count > 1:
        raise click.UsageError("--reload serves with one worker; leave out one of --reload and --workers.")
    source = get_source(app, Path.cwd(), settings.bistro_app)
    binding = Binding(host or settings.host, settings.port if port is None else port, uds, fd)
    sock = open_socket(binding)
