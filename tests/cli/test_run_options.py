from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import msgspec
import pytest

from bistro.cli import run_options
from bistro.cli.run_options import (
    Mode,
    Options,
    WorkerOptions,
    choose_binding,
    choose_blocked,
    choose_certificate,
    choose_mode,
    choose_serving,
)
from bistro.cli.settings import Settings
from bistro.ground.config import Environment
from bistro.serving.options import ServingOptions
from bistro.serving.tls import TlsFiles
from bistro.serving.wear import WearLimits

NOTHING = Options(
    host=None,
    port=None,
    uds=None,
    fd=None,
    workers=None,
    reload=None,
    watch=(),
    environment=None,
    grace=None,
    tls_certificate=None,
    tls_key=None,
    https=None,
    max_memory=None,
    max_requests=None,
    max_age=None,
    max_blocked=None,
    log_format=None,
    log_level=None,
)
LOCAL = TlsFiles("local.pem", "local.key")


# Any: of each option's own type.
def say(**given: Any) -> Options:
    return Options(**{**NOTHING, **given})  # type: ignore[typeddict-item]  # checked by whoever reads it


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_options, "count_cores", lambda: 3)


@pytest.mark.parametrize(
    ("environment", "options", "concurrency", "mode"),
    [
        ("development", {}, None, Mode(1, reload=True)),
        ("development", {}, 1, Mode(1, reload=True)),
        ("development", {}, 4, Mode(4, reload=False)),
        ("development", {"workers": 2}, 4, Mode(2, reload=False)),
        ("development", {"reload": False}, None, Mode(0, reload=False)),
        ("development", {"reload": False, "max_requests": 5}, None, Mode(1, reload=False)),
        ("development", {"reload": True}, 4, Mode(1, reload=True)),
        ("testing", {}, None, Mode(0, reload=False)),
        ("production", {}, None, Mode(3, reload=False)),
        ("production", {}, 4, Mode(4, reload=False)),
        ("production", {"workers": 1}, 4, Mode(1, reload=False)),
        ("production", {"reload": True}, None, Mode(1, reload=True)),
    ],
)
def test_mode_follows_from_what_it_runs_as_and_how_many_are_asked_for(
    environment: Environment, options: dict[str, Any], concurrency: int | None, mode: Mode
) -> None:
    assert choose_mode(say(**options), Settings(web_concurrency=concurrency), environment) == mode


def test_reloading_with_several_workers_is_wrong_usage() -> None:
    with pytest.raises(click.UsageError, match="one worker"):
        choose_mode(say(reload=True, workers=2), Settings(), "development")


SETTINGS = Settings(
    host="::1",
    port=9000,
    uds="/run/s",
    grace_seconds=5.0,
    worker_max_memory=400.0,
    worker_max_requests=1000,
    worker_max_age=60.0,
)


def test_address_on_the_command_line_wins_over_a_socket_in_the_environment() -> None:
    assert choose_binding(say(), SETTINGS).uds == "/run/s"
    binding = choose_binding(say(port=0), SETTINGS)
    assert (binding.host, binding.port, binding.uds) == ("::1", 0, None)


def test_environment_says_how_to_serve_and_the_command_line_wins() -> None:
    mode = Mode(2, reload=False)
    assert choose_serving(say(), SETTINGS, mode) == ServingOptions(
        grace_seconds=5.0, parting_seconds=0.5, wear=WearLimits(400.0, 1000, 60.0)
    )
    given = say(grace=0.0, max_memory=1.0, max_requests=2, max_age=3.0)
    assert choose_serving(given, SETTINGS, mode) == ServingOptions(
        grace_seconds=0.0, parting_seconds=0.5, wear=WearLimits(1.0, 2, 3.0)
    )


def test_who_reloads_does_not_wait_for_idle_clients() -> None:
    assert choose_serving(say(), Settings(), Mode(1, reload=True)) == ServingOptions(
        grace_seconds=1.0, parting_seconds=0.0
    )


@pytest.mark.parametrize(
    ("environment", "given", "setting", "seconds"),
    [
        ("production", None, None, 60.0),
        ("development", None, None, None),
        ("development", 5.0, None, 5.0),
        ("production", 0.0, 30.0, None),
        ("production", None, 30.0, 30.0),
    ],
)
def test_blocked_workers_are_ended_in_production_or_where_it_is_asked_for(
    environment: Environment, given: float | None, setting: float | None, seconds: float | None
) -> None:
    settings = Settings(worker_max_blocked=setting)
    assert choose_blocked(say(max_blocked=given), settings, environment) == seconds


def choose(options: Options, environment: Environment = "development", **settings: Any) -> TlsFiles | None:
    return choose_certificate(options, replace(Settings(), **settings), environment, lambda: LOCAL)


def test_certificate_comes_from_the_command_line_else_from_the_environment() -> None:
    assert choose(say()) is None
    assert choose(say(), "production", tls_certificate="a.pem", tls_key="a.key") == TlsFiles("a.pem", "a.key")
    assert choose(say(tls_certificate="b.pem"), tls_certificate="a.pem") == TlsFiles("b.pem", None)


def test_local_https_takes_a_certificate_for_this_machine_unless_it_is_declined() -> None:
    assert choose(say(https=True)) == choose(say(), local_https=True) == LOCAL
    assert choose(say(https=False), local_https=True) is None


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ({"https": True}, "production", "one's own machine"),
        ({"https": True, "tls_certificate": "a.pem"}, "development", "leave it out"),
        ({"tls_key": "a.key"}, "production", "of no use"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    options: dict[str, Any], environment: Environment, said: str
) -> None:
    with pytest.raises(click.UsageError, match=said):
        choose(say(**options), environment)


def test_what_a_worker_is_told_survives_its_command_line() -> None:
    told = WorkerOptions(
        "shop:app", ServingOptions(1.0, 0.5, LOCAL, WearLimits(1.0, 2, 3.0)), "json", "DEBUG"
    )
    assert msgspec.json.decode(msgspec.json.encode(told), type=WorkerOptions) == told
