"""`bistro db status`: which migrations there are, and which are applied."""

from __future__ import annotations

import click
import msgspec

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, show_json, show_table
from bistro.migrations import Migrator, Standing, find_difference
from bistro.migrations.expanding import find_open_links

EPILOG = """\b
Examples:
  bistro db status
  bistro db status --json

\b
Ends with 1 where a migration was edited or deleted after it was applied, or stopped half-way.
"""
WRONG = frozenset({"edited", "missing", "begun"})


@click.command(epilog=EPILOG)
@app_option
@json_option
def command(app: str | None, as_json: bool) -> int:
    """List the migrations in their order and whether each is applied."""
    site = MigratedSite(app)

    async def ask(migrator: Migrator) -> list[Standing]:
        return await migrator.list_standings()

    standings = site.run(ask)
    different = [each.name for each in site.packages if find_difference(site.graph, each)]
    links = find_open_links(site.graph.state)
    if as_json:
        migrations = [
            {"name": each.name, "standing": each.standing, "applied_at": each.applied_at or None}
            for each in standings
        ]
        show_json(
            {"migrations": migrations, "models_differ": different, "linked": msgspec.to_builtins(links)}
        )
    else:
        _tell(standings, different)
        for link in links:
            say(f"{link.table}.{link.old} is kept like {link.new}, until: bistro db make --contract")
    return EXIT_PROBLEMS if any(each.standing in WRONG for each in standings) else EXIT_FINE


def _tell(standings: list[Standing], different: list[str]) -> None:
    if standings:
        rows = [(each.name, each.standing, each.applied_at) for each in standings]
        show_table(("migration", "standing", "since"), rows)
    else:
        say("There are no migrations.")
    pending = sum(each.standing == "pending" for each in standings)
    if pending:
        say(f"{count(pending)} to apply: bistro db migrate")
    if different:
        say(f"The models of {', '.join(different)} ask for a new one: bistro db make")


def count(number: int) -> str:
    """A number of migrations in words."""
    return f"{number} migration{'' if number == 1 else 's'}"
