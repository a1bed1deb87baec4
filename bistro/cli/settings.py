"""The variables of the environment that the framework itself reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

import msgspec

from bistro.ground.config import Secret, find_environment, read_config
from bistro.ground.env_file import parse_env_file
from bistro.ground.environment import Environment

ENVIRONMENT_NAME = "BISTRO_ENV"

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
WorkerCount = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Mebibytes = Annotated[float, msgspec.Meta(ge=1)]


@dataclass(frozen=True)
class Settings:
    """What the environment says about the framework itself; in development `.env` is read as well."""

    bistro_app: str | None = None
    host: str = "127.0.0.1"
    port: Port = 8000
    uds: str | None = None
    web_concurrency: WorkerCount | None = None
    grace_seconds: Seconds | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    local_https: bool | None = None
    worker_max_memory: Mebibytes | None = None
    worker_max_requests: Count | None = None
    worker_max_age: Seconds | None = None
    worker_max_blocked: Seconds | None = None
    secret_key: Secret | None = field(default=None, repr=False)
    database_url: str | None = None
    debug: bool | None = None
    log_format: str | None = None
    log_level: str | None = None
    log_levels: str | None = None
    allowed_hosts: str | None = None

    @property
    def log_environment(self) -> dict[str, str]:
        """What is set for logging, as `configure_logging` reads it."""
        names = {"LOG_FORMAT": self.log_format, "LOG_LEVEL": self.log_level, "LOG_LEVELS": self.log_levels}
        colours = {name: os.environ[name] for name in ("NO_COLOR", "FORCE_COLOR") if name in os.environ}
        return {name: value for name, value in names.items() if value} | colours


def read_settings() -> Settings:
    """The settings of this process. Raises ConfigError."""
    return read_config(Settings)


def hand_on_env_file() -> None:
    """Set for this process what `.env` says about the framework, in development.

    Plugins look into the environment itself. Only the process that imports the app may do this: a
    parent would hand it on to its workers, which then took no notice of a change of the file.
    """
    file = Path(".env")
    if find_environment() == "development" and file.is_file():
        values = parse_env_file(file.read_text(encoding="utf-8")).values
        for name in (setting.name.upper() for setting in fields(Settings)):
            if name in values:
                os.environ.setdefault(name, values[name].value)


def choose_environment(asked: str | None = None) -> Environment:
    """Set for this process and its children what the site runs as, and return it.

    That is what was `asked` for, else what the environment says, else development: whoever types a
    command sits before the machine on which the site is made. Raises ConfigError.
    """
    if asked is not None:
        os.environ[ENVIRONMENT_NAME] = asked
    chosen = find_environment(default="development")
    os.environ[ENVIRONMENT_NAME] = chosen
    return chosen
