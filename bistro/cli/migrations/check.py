"""`bistro db check`: for continuous integration and before a release."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, show, show_json
from bistro.migrations import Migrator, find_difference
from bistro.migrations.catalog import describe, describe_state, find_drift

EPILOG = """\b
Examples:
  bistro db check
  bistro db check --live

\b
Ends with 1 where something differs. Without --live no database is needed.
"""


@click.command(epilog=EPILOG)
@click.option("--live", is_flag=True, help="Compare the database with the migrations, too.")
@app_option
@json_option
def command(live: bool, app: str | None, as_json: bool) -> int:
    """Fail where the models ask for a migration that is not written, or the database differs."""
    site = MigratedSite(app)
    missing = [
        f"{package.name}: {operation.describe()}"
        for package in site.packages
        for operation in find_difference(site.graph, package)
    ]

    async def compare(migrator: Migrator) -> list[str]:
        standings = await migrator.list_standings()
        wrong = [f"{each.standing}: {each.name}" for each in standings if each.standing != "applied"]
        if wrong:  # the difference of the tables follows from that
            return wrong
        database = migrator.database
        expected = await describe_state(migrator.graph.state, database)
        return list(find_drift(expected, await describe(database, database.dialect)))

    drift = site.run(compare) if live else []
    if as_json:
        show_json({"missing": missing, "drift": drift})
    else:
        _tell(missing, drift)
    return EXIT_PROBLEMS if missing or drift else EXIT_FINE


def _tell(missing: list[str], drift: list[str]) -> None:
    if missing:
        say("The models ask for what no migration does (bistro db make):")
        show("\n".join(f"  {line}" for line in missing))
    if drift:
        say("The database is not as the migrations say:")
        show("\n".join(f"  {line}" for line in drift))
    if not missing and not drift:
        say("Models and migrations agree.")
