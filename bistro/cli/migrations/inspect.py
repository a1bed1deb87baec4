"""`bistro db inspect`: models out of a database that is there already."""

from __future__ import annotations

import click
import msgspec

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, show, show_json
from bistro.migrations import Migrator
from bistro.migrations.inspecting import FoundTable, read_tables, write_models

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
@json_option
def command(tables: tuple[str, ...], app: str | None, as_json: bool) -> int:
    """Print models for the tables of the site's database: all, or TABLES."""

    async def read(migrator: Migrator) -> list[FoundTable]:
        return await read_tables(migrator.database, tables)

    found = MigratedSite(app).run(read)
    if as_json:
        show_json(
            {"tables": msgspec.to_builtins(found, order="deterministic"), "models": write_models(found)}
        )
    else:
        show(write_models(found).rstrip())
    return EXIT_FINE
