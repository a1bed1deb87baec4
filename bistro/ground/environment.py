"""What the site runs as: development, production or testing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, cast, get_args

from bistro.ground.config_errors import ConfigError, ConfigFault
from bistro.ground.config_values import WrongValue, read_bool
from bistro.ground.text import did_you_mean

Environment = Literal["development", "production", "testing"]
"""What a site can run as."""

HTTPS_NAME = "BISTRO_HTTPS"
RELOADS_NAME = "BISTRO_RELOADS"
"""Set to 1 by `bistro run` where it serves anew after each change."""

_SHORT_FORMS = {"dev": "development", "prod": "production", "test": "testing"}


def find_environment(
    env: Mapping[str, str] | None = None, *, default: Environment = "production"
) -> Environment:
    """What `BISTRO_ENV`, or else `ENV`, says; `default` where neither is set.

    The default is the safe one: a site that is started by any server runs as in production unless
    told otherwise. `bistro run` tells otherwise. Raises ConfigError (B101) for another word.
    """
    name, word = _read(os.environ if env is None else env)
    if not word:
        return default
    word = _SHORT_FORMS.get(word, word)
    if word not in get_args(Environment):
        raise ConfigError("the site", [_unknown_environment(name, word)])
    return cast("Environment", word)


def assume_testing() -> None:
    """Let this process be a test, unless the environment says what it is.

    Who calls a site by a test client must not reach what the site keeps for its users.
    """
    if not _read(os.environ)[1]:
        os.environ["BISTRO_ENV"] = "testing"


def find_debug(env: Mapping[str, str] | None = None, *, default: Environment = "production") -> bool:
    """What `DEBUG` says; where it is not set, True in development only.

    Raises ConfigError (B101) where it is neither true nor false. `default` is as for `find_environment`.
    """
    env = os.environ if env is None else env
    text = env.get("DEBUG", "").strip()
    if not text:
        return find_environment(env, default=default) == "development"
    try:
        return read_bool(text)
    except WrongValue:
        fault = ConfigFault("DEBUG", "true or false", "environment", f"is {text[:80]!r}")
        raise ConfigError("the site", [fault]) from None


def expects_https(env: Mapping[str, str] | None = None) -> bool:
    """Whether browsers reach the site by HTTPS: everywhere but in development, and there if it is served so.

    `bistro run` sets `BISTRO_HTTPS` for a site that it serves by HTTPS itself.
    """
    env = os.environ if env is None else env
    return find_environment(env) != "development" or env.get(HTTPS_NAME) == "1"


def _read(env: Mapping[str, str]) -> tuple[str, str]:
    """The name of the variable that counts, and its word, empty where it says nothing."""
    name = "BISTRO_ENV" if env.get("BISTRO_ENV", "").strip() else "ENV"
    word = env.get(name, "").strip().lower()
    # In a POSIX shell ENV names a start-up file; that says nothing about the site.
    return name, "" if name == "ENV" and "/" in word else word


def _unknown_environment(name: str, word: str) -> ConfigFault:
    known = get_args(Environment)
    near = did_you_mean(word, known)
    return ConfigFault(
        name,
        "one of " + ", ".join(known),
        "environment",
        f"is {word[:80]!r}",
        f"Did you mean {near}?" if near else "",
    )
