"""`bistro db dump`: rows as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say
from bistro.migrations import Migrator
from bistro.migrations.fixtures import dump_rows, to_json

EPILOG = """\b
Examples:
  bistro db dump > all.json
  bistro db dump note tag --output notes.json
"""


@click.command(epilog=EPILOG)
@click.argument("tables", nargs=-1)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file.  [standard output]"
)
@app_option
@json_option
# It writes JSON anyway; the option is there because every command has it.
def command(tables: tuple[str, ...], output: Path | None, app: str | None, as_json: bool) -> int:  # noqa: ARG001
    """Write the rows of all tables, or of TABLES, as JSON that `bistro db load` reads, in either database."""
    site = MigratedSite(app)

    async def dump(migrator: Migrator) -> bytes:
        return to_json(await dump_rows(migrator.database, migrator.graph.state, tables))

    content = site.run(dump)
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_bytes(content)
        say(f"Written: {output}")
    return EXIT_FINE
