"""The options of `bistro run`, and what comes of them together with the environment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, TypeVar

import click
from msgspec import Struct

from bistro.cli.settings import Settings
from bistro.ground.config import Environment
from bistro.ground.log import LogFormatName
from bistro.serving.binding import Binding
from bistro.serving.cores import count_cores
from bistro.serving.options import ServingOptions
from bistro.serving.tls import TlsFiles
from bistro.serving.wear import WearLimits

RELOAD_GRACE_SECONDS = 1.0
GRACE_SECONDS = 10.0
PARTING_SECONDS = 0.5
BLOCKED_SECONDS = 60.0

Value = TypeVar("Value")


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
    tls_certificate: str | None
    tls_key: str | None
    https: bool | None
    max_memory: float | None
    max_requests: int | None
    max_age: float | None
    max_blocked: float | None
    log_format: LogFormatName | None
    log_level: str | None


class Mode(Struct, frozen=True):
    """How the site is served: by how many workers, and whether anew after each change.

    Without workers, this process serves itself.
    """

    workers: int
    reload: bool


class WorkerOptions(Struct, frozen=True):
    """What a worker is told, as JSON on its command line."""

    app: str | None = None
    serving: ServingOptions = ServingOptions()
    log_format: LogFormatName | None = None
    log_level: str | None = None


# Any kind of command: what click decorates is not more closely typed.
Command = TypeVar("Command", bound=Callable[..., object])


def run_options(command: Command) -> Command:
    """Give a command the options of `bistro run`; a decorator."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_SECONDS = click.FloatRange(0)
_OPTIONS = (
    click.option("--host", help="Address to listen on.  [HOST, or 127.0.0.1]"),
    click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [PORT, or 8000]"),
    click.option("--uds", metavar="PATH", help="Listen on a UNIX socket instead.  [UDS]"),
    click.option("--fd", type=click.IntRange(0), help="Listen on the open socket of this number instead."),
    click.option(
        "--workers",
        type=click.IntRange(1, 1024),
        help="Processes that serve.  [WEB_CONCURRENCY, or one for each core in production]",
    ),
    click.option("--reload/--no-reload", default=None, help="Start anew after a change.  [in development]"),
    click.option(
        "--watch", type=Path, multiple=True, metavar="PATH", help="Watch this too; may be repeated."
    ),
    click.option(
        "--env",
        "environment",
        type=click.Choice(["development", "production", "testing"]),
        help="What to run as.  [BISTRO_ENV, ENV, or development]",
    ),
    click.option(
        "--grace", type=_SECONDS, help="Seconds that open requests have at a stop.  [GRACE_SECONDS, or 10]"
    ),
    click.option(
        "--tls-certificate", metavar="FILE", help="Serve HTTPS with this certificate.  [TLS_CERTIFICATE]"
    ),
    click.option("--tls-key", metavar="FILE", help="Its key, if it is in another file.  [TLS_KEY]"),
    click.option(
        "--https/--no-https",
        default=None,
        help="Serve HTTPS on this machine with a certificate made for it; not in production.  [LOCAL_HTTPS]",
    ),
    click.option(
        "--max-memory",
        type=click.FloatRange(1),
        metavar="MIB",
        help="Replace a worker that holds more.  [WORKER_MAX_MEMORY]",
    ),
    click.option(
        "--max-requests",
        type=click.IntRange(1),
        metavar="N",
        help="Replace a worker after so many, and up to a tenth more.  [WORKER_MAX_REQUESTS]",
    ),
    click.option(
        "--max-age",
        type=_SECONDS,
        metavar="SECONDS",
        help="Replace a worker after so long, and up to a tenth more.  [WORKER_MAX_AGE]",
    ),
    click.option(
        "--max-blocked",
        type=_SECONDS,
        metavar="SECONDS",
        help="End a worker whose event loop is blocked for so long; 0: never.  [WORKER_MAX_BLOCKED, or 60]",
    ),
    click.option(
        "--log-format", type=click.Choice(["auto", "console", "json"]), help="[LOG_FORMAT, or auto]"
    ),
    click.option("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING or ERROR.  [LOG_LEVEL, or INFO]"),
)


def choose_mode(options: Options, settings: Settings, environment: Environment) -> Mode:
    """How to serve. Raises UsageError where both workers and reloading are asked for.

    In production there is always a parent, also of a single worker: it is what replaces workers.
    """
    asked = options["reload"]
    number = options["workers"] or (1 if asked else settings.web_concurrency)
    if asked and number is not None and number > 1:
        raise click.UsageError("--reload serves with one worker: leave out --workers, or --reload.")
    if sys.platform == "win32":
        return Mode(0, reload=False)
    if asked or (asked is None and environment == "development" and number in (None, 1)):
        return Mode(1, reload=True)
    if environment == "production":
        return Mode(number or count_cores(), reload=False)
    is_supervised = number not in (None, 1) or choose_wear(options, settings).are_set
    return Mode(number or 1 if is_supervised else 0, reload=False)


def choose_binding(options: Options, settings: Settings) -> Binding:
    """Where to listen, by the command line, else by the environment."""
    # An address on the command line is meant, whatever socket the environment names.
    is_address_given = options["host"] is not None or options["port"] is not None
    uds = options["uds"] or (None if is_address_given else settings.uds)
    return Binding(
        _first(options["host"], settings.host, "127.0.0.1"),
        _first(options["port"], settings.port, 8000),
        uds,
        options["fd"],
    )


def choose_serving(
    options: Options, settings: Settings, mode: Mode, tls: TlsFiles | None = None
) -> ServingOptions:
    """How each process serves."""
    default = RELOAD_GRACE_SECONDS if mode.reload else GRACE_SECONDS
    return ServingOptions(
        grace_seconds=_first(options["grace"], settings.grace_seconds, default),
        # Who reloads a page after each change does not want to wait for idle connections.
        parting_seconds=0.0 if mode.reload else PARTING_SECONDS,
        tls=tls,
        wear=choose_wear(options, settings),
    )


def choose_certificate(
    options: Options,
    settings: Settings,
    environment: Environment,
    get_local: Callable[[], TlsFiles],
) -> TlsFiles | None:
    """The certificate to serve with; None for plain HTTP. Raises UsageError.

    `get_local` makes one for this machine, where that is asked for.
    """
    certificate = options["tls_certificate"] or settings.tls_certificate
    key = options["tls_key"] or settings.tls_key
    wants_local = _first(options["https"], settings.local_https, False)
    if wants_local and environment == "production":
        raise click.UsageError("--https is for one's own machine: in production give --tls-certificate.")
    if wants_local and certificate:
        raise click.UsageError("--https makes a certificate itself: leave it out, or --tls-certificate.")
    if key and not certificate:
        raise click.UsageError("--tls-key is of no use without --tls-certificate.")
    if wants_local:
        return get_local()
    return TlsFiles(certificate, key) if certificate else None


def choose_wear(options: Options, settings: Settings) -> WearLimits:
    """When workers are replaced."""
    return WearLimits(
        _first(options["max_memory"], settings.worker_max_memory, None),
        _first(options["max_requests"], settings.worker_max_requests, None),
        _first(options["max_age"], settings.worker_max_age, None),
    )


def choose_blocked(options: Options, settings: Settings, environment: Environment) -> float | None:
    """After how many seconds a worker is ended that does not move; None for never.

    That is asked for, or in production: elsewhere somebody may sit before it with a debugger.
    """
    default = BLOCKED_SECONDS if environment == "production" else 0.0
    return _first(options["max_blocked"], settings.worker_max_blocked, default) or None


def _first(given: Value | None, setting: Value | None, default: Value) -> Value:
    """What the command line says, else the environment."""
    if given is not None:
        return given
    return default if setting is None else setting
