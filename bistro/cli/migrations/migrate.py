"""`bistro db migrate`: apply what is not applied yet."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.migrations.telling import show_plans
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, show, show_json
from bistro.migrations import Migrator, Plan, make_plan

EPILOG = """\b
Examples:
  bistro db migrate
  bistro db migrate 0004
  bistro db migrate accounts:0002_email
  bistro db migrate --plan
  bistro db migrate --sql > changes.sql

\b
Two processes that migrate at once do not disturb each other: the second one waits.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("--plan", is_flag=True, help="Only tell what would be run, and what it locks.")
@click.option("--sql", is_flag=True, help="Only print the statements.")
@click.option("--fake", is_flag=True, help="Only note them as applied: the tables are there already.")
@click.option(
    "--lock-seconds", default=1.0, show_default=True, help="How long a step waits for a lock at a time."
)
@app_option
@json_option
def command(
    name: str | None, plan: bool, sql: bool, fake: bool, lock_seconds: float, app: str | None, as_json: bool
) -> int:
    """Apply the migrations that are not applied yet: all, or up to NAME and what it builds on."""
    site = MigratedSite(app)

    async def find_plans(migrator: Migrator) -> list[Plan]:
        pending = await migrator.list_pending(name or "")
        return [make_plan(placed, site.dialect) for placed in pending]

    async def migrate(migrator: Migrator) -> list[str]:
        return await migrator.migrate(name or "", fake=fake)

    if plan or sql:
        is_sqlite = site.dialect == "sqlite"
        show_plans(site.run(find_plans), is_sqlite=is_sqlite, as_sql=sql, as_json=as_json)
        return EXIT_FINE
    done = site.run(migrate, lock_seconds=lock_seconds)
    if as_json:
        show_json({"applied": done})
    elif done:
        show("\n".join(done))
    else:
        say("Everything is applied.")
    return EXIT_FINE
