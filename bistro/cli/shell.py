"""`bistro shell`: Python with the site started, its models at hand, and `await` at the prompt."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from bistro.app import BaseApp
from bistro.cli.load_app import load_app
from bistro.cli.options import app_option
from bistro.cli.output import EXIT_FINE
from bistro.cli.prompt import AsyncConsole
from bistro.db import Database, Model, on_commit, sync, transaction
from bistro.ground.log import configure_logging
from bistro.ground.portal import Portal

EPILOG = """\b
Examples:
  bistro shell
  >>> await Note.objects.count()
  echo "print(await Note.objects.count())" | bistro shell
"""


@click.command(epilog=EPILOG)
@app_option
def command(app: str | None) -> int:
    """Talk to the site in Python: app, database and models are there, and queries can be awaited."""
    site = load_app(app)
    # Before the site does it: standard output is for what is asked here.
    configure_logging(level="WARNING", stream=sys.stderr)
    portal = Portal("shell")
    portal.run(site.start())
    try:
        databases = find_databases(site)
        with contextlib.ExitStack() as stack:
            # The site's own one last: it is the current one, the others are known by their names.
            for database in reversed(databases):
                database.enter()
                stack.callback(database.leave)
            AsyncConsole(make_names(site, databases), portal).talk(banner_of(site))
    finally:
        portal.close(site.stop())
    return EXIT_FINE


def find_databases(site: BaseApp) -> list[Database]:
    """The databases that the site's plugins have opened."""
    return [
        each
        for plugin in site.plugins
        for each in getattr(plugin, "opened", ())
        if isinstance(each, Database)
    ]


def find_models(kind: type[Model] = Model) -> Iterator[type[Model]]:
    """Every model that has a table and has been imported."""
    for each in kind.__subclasses__():
        if "__table_info__" in vars(each):
            yield each
        yield from find_models(each)


def make_names(site: BaseApp, databases: list[Database]) -> dict[str, object]:
    """What can be used without importing it."""
    names: dict[str, object] = {"on_commit": on_commit, "sync": sync, "transaction": transaction}
    names |= {model.__name__: model for model in find_models()}
    if databases:
        names["database"] = databases[0]
    return {**names, "app": site, "__name__": "__console__", "__doc__": None}


def banner_of(site: BaseApp) -> str:
    """What is said first."""
    models = ", ".join(sorted(model.__name__ for model in find_models())) or "none"
    version = ".".join(map(str, sys.version_info[:3]))
    return f"Python {version}, the site of {site.origin.file}. Models: {models}. Queries can be awaited."
