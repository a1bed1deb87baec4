"""What the site runs as, from BISTRO_ENV or ENV."""

from __future__ import annotations

import pytest

from bistro.ground.config import ConfigError, find_debug, find_environment


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
