"""`bistro db squash`: many migrations as one."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite, package_option
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, short_path, show, show_json
from bistro.migrations.squashing import squash

EPILOG = """\b
Examples:
  bistro db squash
  bistro db squash 0040

\b
The old files may be deleted once every database has applied them: one that has them
all counts as having the new one.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("--without-custom", is_flag=True, help="Leave out SQL and Python that was written by hand.")
@package_option
@app_option
@json_option
def command(name: str | None, without_custom: bool, package: str, app: str | None, as_json: bool) -> int:
    """Write one migration that does what all up to NAME did together, for new databases."""
    site = MigratedSite(app)
    made = squash(site.graph, site.get_package(package), name or "", without_custom=without_custom)
    made.write()
    if as_json:
        show_json({"file": str(made.file), "replaces": list(made.migration.replaces)})
    else:
        show(short_path(str(made.file)))
        say(f"It stands for {len(made.migration.replaces)} migrations.")
    return EXIT_FINE
