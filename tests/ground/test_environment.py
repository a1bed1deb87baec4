"""What the site runs as, from BISTRO_ENV or ENV."""

from __future__ import annotations

import pytest

from bistro.ground.config import ConfigError, find_debug, find_environment
from bistro.ground.environment import assume_testing, expects_https


@pytest.mark.parametrize(
    ("env", "environment"),
    [
        ({}, "production"),
        ({"ENV": "development"}, "development"),
        ({"ENV": " Testing "}, "testing"),
        ({"ENV": "prod"}, "production"),
        ({"ENV": "dev"}, "development"),
        ({"BISTRO_ENV": "test", "ENV": "production"}, "testing"),
        ({"BISTRO_ENV": "", "ENV": "development"}, "development"),
        ({"ENV": "/root/.shrc"}, "production"),
    ],
)
def test_environment_is_production_unless_told_otherwise(env: dict[str, str], environment: str):
    assert find_environment(env) == environment


def test_default_can_be_chosen_for_a_development_server():
    assert find_environment({}, default="development") == "development"
    assert find_environment({"ENV": "production"}, default="development") == "production"


@pytest.mark.parametrize("name", ["ENV", "BISTRO_ENV"])
def test_unknown_environment_stops_the_start_with_a_proposal(name: str):
    with pytest.raises(ConfigError) as caught:
        find_environment({name: "prodution"})

    assert caught.value.exit_code == 78
    assert f"{name} is 'prodution'; wanted one of development, production, testing" in str(caught.value)
    assert "Did you mean production?" in str(caught.value)


@pytest.mark.parametrize(
    ("env", "debug"),
    [
        ({}, False),
        ({"ENV": "production"}, False),
        ({"ENV": "testing"}, False),
        ({"ENV": "development"}, True),
        ({"ENV": "development", "DEBUG": "0"}, False),
        ({"ENV": "production", "DEBUG": "yes"}, True),
        ({"DEBUG": ""}, False),
    ],
)
def test_debug_is_on_in_development_only_unless_set(env: dict[str, str], debug: bool):
    assert find_debug(env) is debug


def test_debug_that_is_neither_true_nor_false_stops_the_start():
    with pytest.raises(ConfigError, match="DEBUG is 'perhaps'; wanted true or false"):
        find_debug({"DEBUG": "perhaps"})


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, True),
        ({"ENV": "production"}, True),
        ({"ENV": "testing"}, True),
        ({"ENV": "development"}, False),
        ({"ENV": "development", "BISTRO_HTTPS": "1"}, True),
        ({"ENV": "development", "BISTRO_HTTPS": "0"}, False),
    ],
)
def test_https_is_expected_unless_the_site_is_being_developed_without_it(
    env: dict[str, str], expected: bool
) -> None:
    assert expects_https(env) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "testing"),
        ({"ENV": "/etc/shellrc"}, "testing"),  # of the shell, and no word about the site
        ({"ENV": "production"}, "production"),
        ({"BISTRO_ENV": "development", "ENV": "/etc/shellrc"}, "development"),
    ],
)
def test_a_process_is_a_test_unless_it_is_said_to_be_something_else(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str
) -> None:
    for name, value in {"BISTRO_ENV": "", "ENV": "", **given}.items():
        monkeypatch.setenv(name, value)
    assume_testing()
    assert find_environment() == expected
