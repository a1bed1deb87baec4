"""What the commands about migrations work on: the packages of a site, and its database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import click

from bistro.app import BaseApp, Frozen
from bistro.cli.chosen import chosen_name, find_chosen
from bistro.cli.errors import CommandError
from bistro.cli.load_app import load_frozen
from bistro.cli.output import say
from bistro.cli.shell import find_models
from bistro.db import Database, DatabaseOptions, DatabaseUrl, Dialect, Model
from bistro.ground.text import did_you_mean
from bistro.migrations import SITE, Graph, Migrator, Package, Patience
from bistro.migrations.historical import MODULE

T = TypeVar("T")
FOLDER = "migrations"

package_option = click.option(
    "--package", metavar="PACKAGE", default=SITE, help="That of a plugin.  [the site's own]"
)


class MigratedSite:
    """A site with its packages."""

    def __init__(self, app: str | None) -> None:
        """`app` as for `bistro run`. Raises AppNotFound, SetupError."""
        self.site, frozen = load_frozen(app)
        self.packages = find_packages(self.site, frozen, chosen_name())

    @cached_property
    def graph(self) -> Graph:
        """All migrations. Raises MigrationFileError, BranchError and what else is wrong with the files."""
        return Graph(self.packages)

    def get_package(self, name: str) -> Package:
        """The package called `name`. Raises CommandError."""
        found = {package.name: package for package in self.packages}
        if name == SITE:
            return self.packages[-1]
        if name not in found:
            near = did_you_mean(name, found)
            fix = f"Did you mean {near}?" if near else f"There are: {', '.join(found)}."
            raise CommandError(f"no plugin brings a package of models called {name}", fix=fix)
        return found[name]

    @property
    def url(self) -> DatabaseUrl:
        """Where the site's database is. Raises CommandError where it has none."""
        return find_chosen(self.site).url

    @property
    def dialect(self) -> Dialect:
        """The SQL that the database speaks."""
        return self.url.dialect

    def run(self, work: Callable[[Migrator], Awaitable[T]], *, lock_seconds: float = 1.0) -> T:
        """What `work` gives, which gets the database open, without the limits that requests have."""

        async def with_database() -> T:
            options = DatabaseOptions(connections_max=4, statement_seconds_max=0, wait_seconds_max=5)
            name = chosen_name() or "default"
            async with Database(self.url, name=name, options=options) as database:
                patience = Patience(lock_seconds=lock_seconds)
                return await work(Migrator(database, self.graph, patience=patience, tell=say))

        return asyncio.run(with_database())


def find_packages(site: BaseApp, frozen: Frozen, database: str = "") -> list[Package]:
    """The packages that plugins bring, and behind them the site with all other models.

    For another database than the site's own, that is one package: its models, called like it.
    """
    if database:
        models = [each for each in find_models() if each.__table_info__.database == database]
        return [Package(database, folder_of(site) / database, sorted(models, key=_place))]
    brought = [Package(each.name, each.folder, each.models) for each in frozen.model_packages]
    taken = {model for package in brought for model in package.models}
    own = [model for model in find_models() if model not in taken and not _is_of_nobody(model)]
    return [*brought, Package(SITE, folder_of(site), sorted(own, key=_place))]


def _is_of_nobody(model: type[Model]) -> bool:
    """Whether it is historical, in another database, or Bistro's own: a plugin brings those where needed."""
    return (
        bool(model.__table_info__.database)
        or model.__module__ == MODULE
        or model.__module__.startswith("bistro.")
    )


def folder_of(site: BaseApp) -> Path:
    """The folder of the site's own migrations, beside the file that makes the app."""
    return Path(site.origin.file).resolve().parent / FOLDER


def _place(model: type[Model]) -> tuple[str, int, str]:
    origin = model.__table_info__.origin
    return origin.file, origin.line, model.__name__
