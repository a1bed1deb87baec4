from __future__ import annotations

import click
import pytest

from bistro.cli.commands import BUILT_IN, HIDDEN, find_built_in


@pytest.mark.parametrize("name", [*BUILT_IN, *HIDDEN])
def test_command_is_found_by_its_name(name: str) -> None:
    command = find_built_in(name)
    assert isinstance(command, click.Command)
    assert command.name == name


def test_other_names_are_not_found() -> None:
    assert find_built_in("migrate") is None


@pytest.mark.parametrize("name", ["routes", "plan", "check", "config", "inspect"])
def test_inspecting_command_prints_json_on_demand(name: str) -> None:
    command = find_built_in(name)
    assert command is not None
    assert "--json" in {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_option_is_explained(name: str) -> None:
    command = find_built_in(name)
    assert command is not None
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [option.name for option in options if not option.help] == []
