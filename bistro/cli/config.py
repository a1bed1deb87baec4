"""`bistro config`: the settings in effect, and where each comes from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bistro.cli.find_app import AppSource, find_source
from bistro.cli.load_app import load_app
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, report_error, say, show, show_json, show_table
from bistro.cli.settings import ENVIRONMENT_NAME, Settings, choose_environment, read_settings
from bistro.ground.config import ConfigValue, config_origins, make_env_example
from bistro.ground.config_values import is_config_type
from bistro.ground.errors import BistroError

NAMES = ("config", "settings")

EPILOG = """\b
Examples:
  bistro config
  bistro config --json
  bistro config --example > .env.example

\b
The framework's own variables come first, then those of your config objects: what read_config
gave and is called `config` or `settings` (or `…_config`, `…_settings`) in a module of your app.
Secrets and passwords are masked. Ends with 78 where a setting is missing or wrong.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """The settings of one config object, and whose they are."""

    owner: str
    kind: type
    values: tuple[ConfigValue, ...]


@click.command(epilog=EPILOG)
@click.option("--example", is_flag=True, help="Print a .env.example with every setting instead.")
@app_option
@json_option
def command(example: bool, app: str | None, as_json: bool) -> int:
    """Show the settings in effect, and where each comes from: environment, .env:3, default."""
    environment = describe_environment()
    settings = read_settings()
    own = Group("bistro", Settings, (environment, *config_origins(settings).values()))
    groups = [own]
    code = EXIT_FINE
    try:
        groups += [with_origins_of(own, group) for group in own_groups(app, settings.bistro_app)]
    except BistroError as error:
        code = report_error(error)
    if example:
        show("\n".join(make_env_example(group.kind) for group in groups).rstrip())
    elif as_json:
        show_json([_for_machines(group, value) for group in groups for value in group.values])
    else:
        rows = [
            (each.env_name, each.value or "-", each.origin, group.owner)
            for group in groups
            for each in group.values
        ]
        show_table(("name", "value", "from", "of"), rows)
    return code


def describe_environment() -> ConfigValue:
    """What the site runs as, and which variable says so; it decides whether `.env` is read."""
    names = [name for name in (ENVIRONMENT_NAME, "ENV") if os.environ.get(name, "").strip()]
    before = names[0] if names else ""
    chosen = choose_environment()
    origin = "default" if not before else "environment" if before == ENVIRONMENT_NAME else "environment (ENV)"
    return ConfigValue("environment", ENVIRONMENT_NAME, chosen, origin, secret=False)


def own_groups(app: str | None, variable: str | None) -> list[Group]:
    """The settings of the app's config objects; none where there is no app. Raises what importing it does."""
    source = find_source(app, Path.cwd(), variable)
    if source is None:
        say("There is no app here: these are the framework's own settings.")
        return []
    load_app(app)
    return [
        Group(type(each).__name__, type(each), tuple(config_origins(each).values()))
        for each in find_configs(source)
    ]


def with_origins_of(first: Group, group: Group) -> Group:
    """`group`, where a name that both have comes from where `first` has it from.

    Importing the app has set what `.env` says for the framework, so that it now seems to come from
    the environment.
    """
    known = {value.env_name: value.origin for value in first.values}
    values = (
        replace(value, origin=known.get(value.env_name, value.origin))
        if value.origin == "environment"
        else value
        for value in group.values
    )
    return replace(group, values=tuple(values))


def find_configs(source: AppSource) -> list[object]:
    """The config objects in the modules of the app, each once."""
    found: dict[int, object] = {}
    for name, value in _names_in_modules(source):
        is_called_so = name in NAMES or name.endswith(tuple(f"_{each}" for each in NAMES))
        if is_called_so and is_config_type(type(value)):
            found.setdefault(id(value), value)
    return list(found.values())


def _names_in_modules(source: AppSource) -> Iterator[tuple[str, object]]:
    package = source.module.partition(".")[0]
    for module_name, module in sorted(sys.modules.items()):
        if module_name == package or module_name.startswith(f"{package}."):
            yield from vars(module).items()


def _for_machines(group: Group, value: ConfigValue) -> dict[str, object]:
    return {
        "of": group.owner,
        "name": value.name,
        "variable": value.env_name,
        "value": value.value,
        "from": value.origin,
        "secret": value.secret,
    }
