"""`bistro db inspect`: models out of a database that is there already."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option
from bistro.cli.output import EXIT_FINE, show
from bistro.migrations import Migrator
from bistro.migrations.inspecting import write_models

EPILOG = """\b
Examples:
  bistro db inspect > models.py
  bistro db inspect customer invoice

\b
Read it over: indexes, conditions and keys over several columns are yours to add.
"""


@click.command(epilog=EPILOG)
@click.argument("tables", nargs=-1)
@app_option
def command(tables: tuple[str, ...], app: str | None) -> int:
    """Print models for the tables of the site's database: all, or TABLES."""

    async def write(migrator: Migrator) -> str:
        return await write_models(migrator.database, tables)

    show(MigratedSite(app).run(write).rstrip())
    return EXIT_FINE
