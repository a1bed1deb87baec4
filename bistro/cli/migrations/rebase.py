"""`bistro db rebase`: two branches with a migration each become one row."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite, package_option
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, short_path, show, show_json
from bistro.db import DatabaseError
from bistro.migrations import Migrator
from bistro.migrations.migration import full_name
from bistro.migrations.reordering import Move, find_moves

EPILOG = """\b
Examples:
  bistro db rebase
  bistro db rebase 0007_add_tags

\b
NAME is in the branch that moves behind the other one: yours, after you have merged
what others have released. Where your database has it applied, it stays so.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("--plan", is_flag=True, help="Only tell what would be renamed.")
@package_option
@app_option
@json_option
def command(name: str | None, plan: bool, package: str, app: str | None, as_json: bool) -> int:
    """Give migrations of a second branch the next numbers, where the order makes no difference."""
    site = MigratedSite(app)
    own = site.get_package(package)
    moves = find_moves(site.packages, own, (name or "").rpartition(":")[2])
    if moves and not plan:
        for move in moves:
            move.write()
        _rename_in_history(site, moves)
    if as_json:
        show_json([{"old": move.loaded.name, "new": move.name, "after": move.after} for move in moves])
    elif not moves:
        say("All migrations are in one row.")
    for move in moves if not as_json else ():
        show(f"{short_path(str(move.loaded.file))} -> {move.file.name}")
    return EXIT_FINE


def _rename_in_history(site: MigratedSite, moves: list[Move]) -> None:
    async def rename(migrator: Migrator) -> None:
        applied = await migrator.history.read()
        for move in moves:
            if move.loaded.full_name in applied:
                new = migrator.graph.get(full_name(move.loaded.package, move.name))
                await migrator.history.remove(move.loaded.package, move.loaded.name)
                await migrator.history.add(new.loaded)

    try:
        site.run(rename)
    except DatabaseError as error:
        say(f"The database was not asked whether it has them ({error.what}).")
