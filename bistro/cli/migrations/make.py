"""`bistro db make`: the next migration, out of the difference between the models and the files."""

from __future__ import annotations

import sys

import click

from bistro.cli.errors import CommandError
from bistro.cli.migrations.site import MigratedSite, package_option
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, say, short_path, show, show_json
from bistro.migrations import Draft, RenameColumn, RenameTable, draft, make_migration

EPILOG = """\b
Examples:
  bistro db make
  bistro db make add_slugs --fill "note.slug=lower(title)"
  bistro db make --rename note.body=text --rename note=memo
  bistro db make --expand note.title=heading
  bistro db make --contract
  bistro db make --empty fill_slugs

\b
No database is needed. What looks like a rename is asked for; in a script, say it
with --rename, take every one with --yes, or none with --no-renames.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option(
    "--rename", "renames", multiple=True, metavar="OLD=NEW", help="A table or column has a new name."
)
@click.option("--fill", "fills", multiple=True, metavar="COLUMN=SQL", help="What rows get that are there.")
@click.option("--yes", is_flag=True, help="Take for a rename whatever looks like one.")
@click.option("--no-renames", is_flag=True, help="Nothing is a rename: drop and add.")
@click.option(
    "--expand",
    multiple=True,
    metavar="OLD=NEW",
    help="Have both columns, kept alike, while old and new code run.",
)
@click.option(
    "--contract", is_flag=True, help="Take away the old columns of --expand: no code uses them now."
)
@click.option("--empty", is_flag=True, help="A migration without operations, for SQL or Python of your own.")
@click.option("--plan", is_flag=True, help="Print it and write nothing.")
@package_option
@app_option
@json_option
def command(
    name: str | None,
    renames: tuple[str, ...],
    fills: tuple[str, ...],
    yes: bool,
    no_renames: bool,
    expand: tuple[str, ...],
    contract: bool,
    empty: bool,
    plan: bool,
    package: str,
    app: str | None,
    as_json: bool,
) -> int:
    """Write the migration that the models ask for, into the folder `migrations` beside the app."""
    site = MigratedSite(app)
    own = site.get_package(package)
    if empty:
        made: Draft | None = draft(site.graph, own, [], name=name or "")
    else:
        ask = Asker(yes=yes, no=no_renames).ask
        given = dict(_pair(each) for each in fills)
        made = make_migration(
            site.graph,
            own,
            ask=ask,
            renames=renames,
            fills=given,
            name=name or "",
            expand=expand,
            contract=contract,
        )
    if made is not None and not plan:
        made.write()
    if as_json:
        show_json(_describe(made))
    elif made is None:
        say("The models ask for nothing new." if own.models else NO_MODELS)
    else:
        _tell(made, is_written=not plan)
    return EXIT_FINE


NO_MODELS = (
    "The site has no models: Bistro sees those in modules that the file of the app imports, "
    "and in modules that these import."
)


class Asker:
    """Asks in a terminal whether something is a rename; elsewhere nobody is there to answer."""

    def __init__(self, *, yes: bool, no: bool) -> None:
        self._answer = True if yes else False if no else None

    def ask(self, rename: RenameTable | RenameColumn) -> bool:
        """Whether it is one. Raises CommandError where nobody can say."""
        if self._answer is not None:
            return self._answer
        old = rename.old if isinstance(rename, RenameTable) else f"{rename.table}.{rename.old}"
        if not sys.stdin.isatty():
            both = (
                ""
                if isinstance(rename, RenameTable)
                else f" --expand {old}={rename.new} has both for a while."
            )
            raise CommandError(
                f"{old} may have been renamed to {rename.new}, or be dropped and another one added",
                fix=f"Say which: --rename {old}={rename.new}, or --no-renames, which loses its values.{both}",
            )
        return click.confirm(f"Was {old} renamed to {rename.new}? Otherwise its values are lost", err=True)


def _pair(text: str) -> tuple[str, str]:
    name, equals, sql = text.partition("=")
    if not equals or "." not in name:
        raise click.UsageError(f"--fill {text}: write it as --fill note.slug='lower(title)'.")
    return name.strip(), sql.strip()


def _describe(made: Draft | None) -> dict[str, object]:
    if made is None:
        return {"file": None, "operations": []}
    operations = [operation.describe() for operation in made.migration.operations]
    return {"package": made.package, "name": made.file.stem, "file": str(made.file), "operations": operations}


def _tell(made: Draft, *, is_written: bool) -> None:
    if not is_written:
        show(made.text.rstrip())
        return
    show(short_path(str(made.file)))
    for operation in made.migration.operations:
        say(f"  {operation.describe()}")
    say("Look at it, then run: bistro db migrate")
