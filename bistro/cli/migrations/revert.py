"""`bistro db revert`: undo migrations."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.migrations.telling import show_plans
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, show, show_json
from bistro.migrations import Migrator, Plan, make_plan

EPILOG = """\b
Examples:
  bistro db revert
  bistro db revert 0004_add_slugs
  bistro db revert --plan

\b
A column or table that comes back is empty: what was in it is gone since it was dropped.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("--plan", is_flag=True, help="Only tell what would be run, and what it locks.")
@click.option("--sql", is_flag=True, help="Only print the statements.")
@app_option
@json_option
def command(name: str | None, plan: bool, sql: bool, app: str | None, as_json: bool) -> int:
    """Undo the last migration, or NAME and all that were applied after it and build on it."""
    site = MigratedSite(app)

    async def find_plans(migrator: Migrator) -> list[Plan]:
        found = migrator.find_reverting(await migrator.read_applied(), name or "")
        return [make_plan(placed, site.dialect, "back") for placed in found]

    async def revert(migrator: Migrator) -> list[str]:
        return await migrator.revert(name or "")

    if plan or sql:
        is_sqlite = site.dialect == "sqlite"
        show_plans(site.run(find_plans), is_sqlite=is_sqlite, as_sql=sql, as_json=as_json)
        return EXIT_FINE
    done = site.run(revert)
    if as_json:
        show_json({"reverted": done})
    elif done:
        show("\n".join(done))
    else:
        say("Nothing is applied.")
    return EXIT_FINE
