"""The commands that the site itself adds, with `@app.command("name")` or `setup.command`."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import click

from bistro.cli.find_app import find_source
from bistro.cli.settings import choose_environment, read_settings
from bistro.ground.errors import BistroError


@dataclass(slots=True)
class OwnCommands:
    """The app's commands by name, and in `problem` why there are none, or not all."""

    commands: dict[str, click.Command] = field(default_factory=dict)
    problem: str = ""


def find_own_commands(taken: Collection[str]) -> OwnCommands:
    """The commands of the app in the current folder; empty, with a note, if it can't be loaded.

    Commands whose names are `taken` by built-in ones are left out, with a note.
    """
    found = OwnCommands()
    try:
        choose_environment()
        if find_source(None, Path.cwd(), read_settings().bistro_app) is not None:
            _load(found, taken)
    except BistroError as error:
        found.problem = _note(error.code, error.what)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the site's own code may raise anything
        found.problem = _note(type(error).__name__, str(error))
    return found


def _load(found: OwnCommands, taken: Collection[str]) -> None:
    # Not imports at the head: `bistro --help` outside a site would wait for all of the framework.
    site, frozen = importlib.import_module("bistro.cli.load_app").load_frozen(None)
    make_command = importlib.import_module("bistro.cli.command_maker").make_command
    for command in frozen.commands:
        if command.name in taken or command.name in found.commands:
            other = "a built-in one" if command.name in taken else "another of this app"
            found.problem = (
                f"The command {command.name} is left out: {other} has its name ({command.origin})."
            )
        else:
            found.commands[command.name] = make_command(command, site)


def _note(name: str, what: str) -> str:
    first_line = what.partition("\n")[0]
    return f"The app's own commands are missing, since it can't be loaded ({name}: {first_line})."
