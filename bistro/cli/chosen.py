"""Which of the site's databases `bistro db --database NAME …` is about."""

from __future__ import annotations

import click
from msgspec import Struct

from bistro.app import BaseApp
from bistro.cli.errors import CommandError
from bistro.cli.shell import find_databases
from bistro.db import Database
from bistro.ground.text import did_you_mean


class Chosen(Struct, frozen=True):
    """The name that was given; empty for the site's own database."""

    name: str = ""


def chosen_name() -> str:
    """The name that the command line has."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Chosen) if context is not None else None
    return found.name if found is not None else ""


def find_chosen(site: BaseApp) -> Database:
    """The site's own database, or the one that was named. Raises CommandError where there is none."""
    databases = find_databases(site)
    if not databases:
        raise CommandError(
            "the site has no database", where=(site.origin,), fix="Install it: App(Database())."
        )
    name = chosen_name()
    others = {each.name: each for each in databases[1:]}
    if name and name not in others:
        near = did_you_mean(name, others)
        fix = f"Did you mean {near}?" if near else f"Install it: Database(others={{{name!r}: …}})."
        raise CommandError(f"the site has no database {name}", where=(site.origin,), fix=fix)
    return others[name] if name else databases[0]
