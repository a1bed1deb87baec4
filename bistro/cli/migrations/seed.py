"""`bistro db seed`: rows that every database of the site should have."""

from __future__ import annotations

import click

from bistro.cli.migrations.site import MigratedSite, folder_of
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, show, show_json
from bistro.migrations import Migrator
from bistro.migrations.seeding import check_seed, read_seeds, run_seed

EPILOG = """\b
Examples:
  bistro db seed
  bistro db seed seed_tags
  bistro db seed --check

\b
Write functions whose names begin with seed into seeds.py beside the app; let them use
upsert or get_or_create, so that a second run changes nothing.
"""


@click.command(epilog=EPILOG)
@click.argument("names", nargs=-1)
@click.option(
    "--check", is_flag=True, help="Run each twice, undo both, and end with 1 where the second adds rows."
)
@app_option
@json_option
def command(names: tuple[str, ...], check: bool, app: str | None, as_json: bool) -> int:
    """Call the functions of seeds.py: all, or NAMES; each in a transaction of its own."""
    site = MigratedSite(app)
    seeds = read_seeds(folder_of(site.site).parent / "seeds.py", names)

    async def run(migrator: Migrator) -> dict[str, list[str]]:
        grown: dict[str, list[str]] = {}
        for seed in seeds:
            if check:
                grown[seed.name] = await check_seed(seed, migrator.database)
            else:
                await run_seed(seed, migrator.database)
                grown[seed.name] = []
        return grown

    grown = site.run(run)
    if as_json:
        show_json(
            {"seeds": list(grown), "not_idempotent": {name: each for name, each in grown.items() if each}}
        )
    else:
        for name, tables in grown.items():
            show(name)
            if tables:
                say(f"  A second run adds rows to {', '.join(tables)}: use upsert or get_or_create.")
    return EXIT_PROBLEMS if any(grown.values()) else EXIT_FINE
