from __future__ import annotations

import os

import pytest

from bistro.cli.settings import choose_environment, read_settings
from bistro.ground.config import ConfigError
from tests.cli.conftest import Site


def test_command_line_means_development(site: Site) -> None:
    assert choose_environment() == "development"
    assert os.environ["BISTRO_ENV"] == "development"


@pytest.mark.parametrize("name", ["ENV", "BISTRO_ENV"])
def test_environment_says_otherwise(site: Site, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "production")
    assert choose_environment() == "production"


def test_what_is_asked_for_wins(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    assert choose_environment("testing") == "testing"


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "65536"), ("PORT", "-1"), ("WEB_CONCURRENCY", "0"), ("DEBUG", "maybe")]
)
def test_impossible_value_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        read_settings()


def test_what_is_set_for_logging_is_handed_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("NO_COLOR", "1")
    assert read_settings().log_environment == {"LOG_LEVEL": "DEBUG", "NO_COLOR": "1"}


def test_plugins_see_what_dot_env_says_in_development(hello: Site) -> None:
    hello.write("DEBUG=0\nSHOP_NAME=x\n", ".env")
    hello.run("routes")
    assert (os.environ["DEBUG"], "SHOP_NAME" in os.environ) == ("0", False)


def test_environment_wins_over_dot_env(hello: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "1")
    hello.write("DEBUG=0\n", ".env")
    hello.run("routes")
    assert os.environ["DEBUG"] == "1"
