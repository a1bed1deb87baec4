"""`bistro run`: serve the app, in this process or in workers."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

import click
import msgspec

import bistro
from bistro.cli.errors import AddressUnavailable
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.keys import listen
from bistro.cli.output import say, short_path
from bistro.cli.run_options import (
    Options,
    WorkerOptions,
    choose_binding,
    choose_blocked,
    choose_certificate,
    choose_mode,
    choose_serving,
    run_options,
)
from bistro.cli.settings import choose_environment, read_settings
from bistro.ground.environment import RELOADS_NAME
from bistro.serving.binding import Binding, address_of
from bistro.serving.reload import Reloader, Watcher
from bistro.serving.supervisor import Supervisor
from bistro.serving.tls import TlsFiles
from bistro.serving.worker_process import WorkerCommand

SETTINGS_FILES = (".env", "pyproject.toml")

EPILOG = """\b
Examples:
  bistro run                               app.py in this folder, anew after each change
  bistro run shop/app.py --port 9000
  bistro run shop:app --env production --host 0.0.0.0

\b
SIGTERM and Ctrl-C stop it when open requests are answered, a second one at once.
SIGHUP replaces the workers one after another, with the code that is there now.
Ends with 0 after SIGTERM, 130 after Ctrl-C, 1 if the app can't start,
78 if its configuration is wrong.
"""


@click.command(epilog=EPILOG)
@click.argument("app", required=False)
@run_options
def command(app: str | None, **options: Unpack[Options]) -> int:
    """Serve APP: a file (shop/app.py), a module (shop), or either with a name (shop:app).

    Without APP: what BISTRO_APP or pyproject.toml names, else app.py or main.py in this folder.
    """
    environment = choose_environment(options["environment"])
    settings = read_settings()
    mode = choose_mode(options, settings, environment)
    tls = choose_certificate(options, settings, environment, get_local_certificate)
    serving = choose_serving(options, settings, mode, tls)
    source = get_source(app, Path.cwd(), settings.bistro_app)
    sock = open_socket(choose_binding(options, settings))
    address = address_of(sock, "https" if tls else "http")
    on_ready = partial(tell, f"Bistro serves {address} (Ctrl-C stops it)")
    told = WorkerOptions(app, serving, options["log_format"], options["log_level"])
    if mode.reload:
        listen(app, partial(tell, colour="yellow"))
        return reloader(source, sock, told, options["watch"], on_ready).run()
    if mode.workers:
        return Supervisor(
            worker_command(told),
            sock,
            mode.workers,
            grace_seconds=serving.grace_seconds,
            blocked_seconds=choose_blocked(options, settings, environment),
            on_ready=on_ready,
            tell=partial(tell, colour="yellow"),
        ).run()
    # Not an import at the head: a parent of workers must stay small, and does without the app.
    worker = importlib.import_module("bistro.cli.worker")
    worker.set_up_logging(settings, told)
    code: int = worker.serve(source, sock, serving, on_ready=on_ready)
    return code


def get_local_certificate() -> TlsFiles:
    """A certificate for this machine; says how to trust its authority."""
    # Not an import at the head: cryptography takes tens of milliseconds to load.
    local = importlib.import_module("bistro.cli.local_certificate")
    folder: Path = local.find_certificate_folder()
    files: TlsFiles = local.get_local_certificate(folder)
    say(f"Browsers believe this certificate once you trust {folder / 'authority.pem'} as an authority.")
    return files


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
    source: AppSource,
    sock: socket.socket,
    told: WorkerOptions,
    watched: Sequence[Path],
    on_ready: Callable[[], None],
) -> Reloader:
    """Serves with one worker, anew after each change of the site's files."""
    here = Path.cwd()
    os.environ[RELOADS_NAME] = "1"  # for the workers, which add what lets browsers load anew
    return Reloader(
        worker_command(told),
        sock,
        Watcher([source.root, *(here / name for name in SETTINGS_FILES), *watched]),
        grace_seconds=told.serving.grace_seconds,
        ssl=told.serving.tls.open() if told.serving.tls else None,
        on_ready=on_ready,
        on_change=tell_change,
        on_failed=tell_waiting,
    )


def worker_command(told: WorkerOptions) -> WorkerCommand:
    """The command line of a worker, once the numbers of its sockets are known."""
    # -P: the site's folder must not come before Python's own modules while Bistro is imported, or a
    # secrets.py there would be taken for Python's. Without it where Bistro itself is found there only.
    python = [sys.executable] if Path(bistro.__file__).parent.parent == Path.cwd() else [sys.executable, "-P"]
    options = msgspec.json.encode(told).decode()

    def command_for(fd: int, lifeline: int) -> Sequence[str]:
        sockets = ["--fd", str(fd), "--lifeline", str(lifeline)]
        return [*python, "-m", "bistro", "serve-worker", *sockets, options]

    return command_for


def tell(message: str, colour: str | None = None) -> None:
    """Say what happens to the server, which serves on also where nobody can hear it any more."""
    with contextlib.suppress(OSError):
        say(message, colour=colour)


def tell_change(changed: Sequence[Path]) -> None:
    """Say which file made the app start anew, if it was one."""
    if not changed:
        tell("SIGHUP; starting anew")
        return
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    tell(f"Changed: {short_path(str(changed[0]))}{more}; starting anew")


def tell_waiting(code: int) -> None:
    """Say that the app has ended, and what is awaited."""
    tell(f"The app has ended (exit code {code}). It is started again once a file changes.", colour="yellow")
