"""`bistro db load`: rows out of JSON."""

from __future__ import annotations

from pathlib import Path

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, show, show_json
from bistro.migrations import Migrator
from bistro.migrations.fixtures import load_rows

EPILOG = """\b
Example:
  bistro db load notes.json
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@app_option
@json_option
def command(file: Path, app: str | None, as_json: bool) -> int:
    """Store the rows of FILE, or change those with the same key: all or none."""
    site = MigratedSite(app)
    content = file.read_bytes()

    async def load(migrator: Migrator) -> dict[str, int]:
        return await load_rows(migrator.database, migrator.graph.state, content)

    counts = site.run(load)
    if as_json:
        show_json(counts)
    else:
        for table, count in counts.items():
            show(f"{table}  {count}")
    return EXIT_FINE
