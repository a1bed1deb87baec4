"""`bistro run`: serve the app, in this process or in workers."""

from __future__ import annotations

import errno
import importlib
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import click

import bistro
from bistro.cli.errors import AddressUnavailable
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.output import say, short_path
from bistro.cli.settings import Settings, choose_environment, read_settings
from bistro.ground.config import Environment
from bistro.ground.log import LogFormatName
from bistro.serving.reload import Reloader, Watcher
from bistro.serving.run import Binding, address_of
from bistro.serving.supervisor import Supervisor, WorkerCommand

GRACE_SECONDS = 10.0
RELOAD_GRACE_SECONDS = 1.0
SETTINGS_FILES = (".env", "pyproject.toml")

EPILOG = """\b
Examples:
  bistro run                               app.py in this folder, anew after each change
  bistro run shop/app.py --port 9000
  bistro run shop:app --env production --host 0.0.0.0 --workers 4

\b
Ends with 0 after SIGTERM, 130 after Ctrl-C (a second one ends it at once),
1 if the app can't start, 78 if its configuration is wrong.
"""


class Options(TypedDict):
    """What the command line says; None where it says nothing."""

    host: str | None
    port: int | None
    uds: str | None
    fd: int | None
    workers: int | None
    reload: bool | None
    watch: tuple[Path, ...]
    environment: Environment | None
    grace: float | None
    log_format: LogFormatName | None
    log_level: str | None


@click.command(epilog=EPILOG)
@click.argument("app", required=False)
@click.option("--host", help="Address to listen on.  [HOST, or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [PORT, or 8000]")
@click.option("--uds", metavar="PATH", help="Listen on a UNIX socket instead.")
@click.option("--fd", type=click.IntRange(0), help="Listen on the open socket of this number instead.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes that serve.  [WEB_CONCURRENCY, or 1]"
)
@click.option("--reload/--no-reload", default=None, help="Start anew after a change.  [in development]")
@click.option("--watch", type=Path, multiple=True, metavar="PATH", help="Watch this too; may be repeated.")
@click.option(
    "--env",
    "environment",
    type=click.Choice(["development", "production", "testing"]),
    help="What to run as.  [BISTRO_ENV, ENV, or development]",
)
@click.option("--grace", type=click.FloatRange(0), help="Seconds that open requests have at a stop.  [10]")
@click.option("--log-format", type=click.Choice(["auto", "console", "json"]), help="[LOG_FORMAT, or auto]")
@click.option("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING or ERROR.  [LOG_LEVEL, or INFO]")
def command(app: str | None, **options: Unpack[Options]) -> int:
    """Serve APP: a file (shop/app.py), a module (shop), or either with a name (shop:app).

    Without APP: what BISTRO_APP or pyproject.toml names, else app.py or main.py in this folder.
    """
    environment = choose_environment(options["environment"])
    settings = read_settings()
    workers, reload = choose_mode(options, settings, environment)
    source = get_source(app, Path.cwd(), settings.bistro_app)
    sock = open_socket(choose_binding(options, settings))
    on_ready = partial(say, f"Bistro serves {address_of(sock)} (Ctrl-C stops it)")
    if reload:
        return reloader(source, sock, app, options, on_ready).run()
    grace = GRACE_SECONDS if options["grace"] is None else options["grace"]
    if workers > 1:
        return Supervisor(
            worker_command(app, grace, options),
            sock,
            workers,
            grace_seconds=grace,
            on_ready=on_ready,
            on_lost=tell_lost,
        ).run()
    # Not an import at the head: a parent of workers must stay small, and does without the app.
    worker = importlib.import_module("bistro.cli.worker")
    worker.set_up_logging(settings, options["log_format"], options["log_level"])
    code: int = worker.serve(source, sock, grace, on_ready=on_ready)
    return code


def choose_mode(options: Options, settings: Settings, environment: Environment) -> tuple[int, bool]:
    """How many workers, and whether to start anew after changes. Raises UsageError for both at once."""
    asked = options["reload"]
    workers = options["workers"] or (1 if asked else settings.web_concurrency)
    if asked and workers > 1:
        raise click.UsageError("--reload serves with one worker: leave out --workers, or --reload.")
    by_default = environment == "development" and workers == 1 and sys.platform != "win32"
    return workers, by_default if asked is None else asked


def choose_binding(options: Options, settings: Settings) -> Binding:
    """Where to listen, by the command line, else by the environment."""
    port = settings.port if options["port"] is None else options["port"]
    return Binding(options["host"] or settings.host or "127.0.0.1", port, options["uds"], options["fd"])


def open_socket(binding: Binding) -> socket.socket:
    """The listening socket. Raises AddressUnavailable, in words."""
    place = binding.uds or f"{binding.host}:{binding.port}"
    if binding.fd is not None:
        place = f"file descriptor {binding.fd}"
    try:
        return binding.open()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and binding.uds is None:
            what = f"another program listens on {place} already"
            fix = f"Stop it, or take another port: bistro run --port {binding.port % 65535 + 1}."
        else:
            what = f"can't listen on {place}: {error.strerror}"
            fix = "Choose another address with --host, --port or --uds."
        raise AddressUnavailable(what, fix=fix) from None


def reloader(
    source: AppSource, sock: socket.socket, app: str | None, options: Options, on_ready: Callable[[], None]
) -> Reloader:
    """Serves with one worker, anew after each change of the site's files."""
    here = Path.cwd()
    watched = [source.root, *(here / name for name in SETTINGS_FILES), *options["watch"]]
    grace = RELOAD_GRACE_SECONDS if options["grace"] is None else options["grace"]
    return Reloader(
        worker_command(app, grace, options),
        sock,
        Watcher(watched),
        grace_seconds=grace,
        on_ready=on_ready,
        on_change=tell_change,
        on_failed=tell_waiting,
    )


def worker_command(app: str | None, grace_seconds: float, options: Options) -> WorkerCommand:
    """The command line of a worker, once the numbers of its sockets are known."""
    given = {"--log-format": options["log_format"], "--log-level": options["log_level"]}
    extra = [word for name, value in given.items() if value for word in (name, value)]
    last = ["--", app] if app else []
    # -P: the site's folder must not come before Python's own modules while Bistro is imported, or a
    # secrets.py there would be taken for Python's. Without it where Bistro itself is found there only.
    python = [sys.executable] if Path(bistro.__file__).parent.parent == Path.cwd() else [sys.executable, "-P"]

    def command_for(fd: int, lifeline: int) -> Sequence[str]:
        sockets = ["--fd", str(fd), "--lifeline", str(lifeline), "--grace", str(grace_seconds)]
        return [*python, "-m", "bistro", "serve-worker", *sockets, *extra, *last]

    return command_for


def tell_change(changed: Sequence[Path]) -> None:
    """Say which file made the app start anew."""
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    say(f"Changed: {short_path(str(changed[0]))}{more}; starting anew")


def tell_waiting(code: int) -> None:
    """Say that the app has ended, and what is awaited."""
    say(f"The app has ended (exit code {code}). It is started again once a file changes.", colour="yellow")


def tell_lost(pid: int, code: int) -> None:
    """Say that a worker died; its replacement is on its way."""
    say(f"Worker {pid} has ended (exit code {code}); starting another", colour="yellow")
