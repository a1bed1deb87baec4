"""How faults of the configuration read."""

from __future__ import annotations

from bistro.ground.config_errors import ConfigError, ConfigFault
from bistro.ground.errors import SetupError


def test_fault_tells_name_problem_wanted_type_origin_and_hint():
    fault = ConfigFault("PORT", "a whole number", ".env:3", "is 'eighty'", "Did you mean 80?")

    assert str(fault) == "PORT is 'eighty'; wanted a whole number   (.env:3)\n    Did you mean 80?"


def test_fault_with_a_name_only_is_a_missing_setting():
    assert str(ConfigFault("PORT")) == "PORT is missing"


def test_control_characters_of_a_value_do_not_reach_the_terminal():
    assert "\x1b" not in str(ConfigFault("PORT", problem="is '\x1b[2J'"))


def test_error_lists_every_fault_and_exits_with_78():
    error = ConfigError("ShopConfig", [ConfigFault("PORT"), ConfigFault("HOST")])

    assert isinstance(error, SetupError)
    assert (error.code, error.exit_code, len(error.faults)) == ("B101", 78, 2)
    assert str(error).startswith(
        "ConfigError (B101): 2 faults in the configuration of ShopConfig\n  PORT is missing\n  HOST is missing\n"
    )


def test_single_fault_is_counted_in_the_singular():
    assert "1 fault in the configuration of Shop\n" in str(ConfigError("Shop", [ConfigFault("PORT")]))
