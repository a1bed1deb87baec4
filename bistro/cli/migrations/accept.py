"""`bistro db accept`: an edit of an applied migration that changes nothing in the database."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, show_json
from bistro.migrations import Migrator

EPILOG = """\b
Example:
  bistro db accept 0003_add_slugs
"""


@click.command(epilog=EPILOG)
@click.argument("name")
@app_option
@json_option
def command(name: str, app: str | None, as_json: bool) -> int:
    """Take the file of NAME, as it is now, for what was applied."""

    async def accept(migrator: Migrator) -> str:
        return await migrator.accept(name)

    name = MigratedSite(app).run(accept)
    if as_json:
        show_json({"accepted": name})
    else:
        say(f"{name} counts as applied in its present form.")
    return EXIT_FINE
