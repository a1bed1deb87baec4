"""The built-in commands by name; each is imported only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

import click

# Help has to be quick, so it is written here and not in the commands, which would have to be imported.
BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("bistro.cli.run", "Serve the app; in development, anew after each change."),
    "new": ("bistro.cli.new", "Make a new site: one file, or a package."),
    "routes": ("bistro.cli.routes", "List the routes, or explain which one answers a URL."),
    "plan": ("bistro.cli.plan", "Print the plan that answers a request."),
    "check": ("bistro.cli.check", "Look for mistakes before the first request does."),
    "format": ("bistro.cli.format", "Put templates into one form."),
    "config": ("bistro.cli.config", "Show the settings in effect and where each comes from."),
    "inspect": ("bistro.cli.inspect", "List everything registered, by whom and where."),
    "static": ("bistro.cli.static", "Collect static files for production: hashed and compressed."),
    "shell": ("bistro.cli.shell", "Talk to the site in Python, with its models and `await`."),
    "db": ("bistro.cli.db", "Let the database follow the models: make, migrate, status …"),
    "completion": ("bistro.cli.completion", "Print the script that completes commands in your shell."),
}
HIDDEN: Final[Mapping[str, str]] = {"serve-worker": "bistro.cli.worker"}


def find_built_in(name: str) -> click.Command | None:
    """The built-in command called `name`, which is the object `command` of its module."""
    module = BUILT_IN[name][0] if name in BUILT_IN else HIDDEN.get(name)
    if module is None:
        return None
    # Not an import at the head: each command would then pay for the imports of all.
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    command.name = name
    return command
