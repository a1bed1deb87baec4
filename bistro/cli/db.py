"""`bistro db …`: what is done with the site's database from outside of it."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import click

from bistro.cli.chosen import Chosen, find_chosen
from bistro.cli.errors import CommandError
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option
from bistro.db import DatabaseUrl

EPILOG = """\b
Examples:
  bistro db make
  bistro db migrate
  bistro db status
  bistro db --database logs migrate
  echo "select count(*) from note;" | bistro db shell
"""
# Help has to be quick, so it is written here: the commands load SQLAlchemy.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "make": ("bistro.cli.migrations.make", "Write the migration that the models ask for."),
    "migrate": ("bistro.cli.migrations.migrate", "Apply the migrations that are not applied yet."),
    "revert": ("bistro.cli.migrations.revert", "Undo the last migration, or one and all that follow it."),
    "status": ("bistro.cli.migrations.status", "List the migrations and which of them are applied."),
    "check": ("bistro.cli.migrations.check", "Fail where models, migrations or database differ."),
    "squash": ("bistro.cli.migrations.squash", "Make many migrations one, for new databases."),
    "rebase": ("bistro.cli.migrations.rebase", "Put the migrations of two branches in one row."),
    "seed": ("bistro.cli.migrations.seed", "Store the rows that every database of the site should have."),
    "dump": ("bistro.cli.migrations.dump", "Write rows as JSON."),
    "load": ("bistro.cli.migrations.load", "Store the rows of a JSON file, or change those that are there."),
    "inspect": ("bistro.cli.migrations.inspect", "Print models for the tables of an existing database."),
    "lint": ("bistro.cli.migrations.lint", "Find what would lock or break a busy PostgreSQL site."),
    "accept": ("bistro.cli.migrations.accept", "Take an edited migration for the one that was applied."),
}


class DatabaseGroup(click.Group):
    """Commands about migrations are loaded when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order in which one meets them."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        found = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(found, click.Command)
        found.name = cmd_name
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What is said of each, without loading it."""
        own = [(name, each.get_short_help_str()) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*((name, text) for name, (_, text) in COMMANDS.items()), *own])


@click.group(epilog=EPILOG, cls=DatabaseGroup)
@click.option("--database", metavar="NAME", default="", help="Another one of the site's, by its name.")
@click.pass_context
def command(context: click.Context, database: str) -> None:
    """Let the site's database follow its models, and look into it."""
    context.obj = Chosen(database)


@command.command()
@app_option
def shell(app: str | None) -> int:
    """Open the database's own shell: psql for PostgreSQL, sqlite3 (or one that is built in) for SQLite."""
    site, _ = load_frozen(app)
    url = find_chosen(site).url
    return open_psql(url) if url.dialect == "postgresql" else open_sqlite(Path(url.name))


def open_psql(url: DatabaseUrl) -> int:
    """Run psql; the password goes by the environment, where other users don't see it."""
    program = shutil.which("psql")
    if program is None:
        raise CommandError("psql is not installed", fix="Install PostgreSQL's client programs.")
    parts = urlsplit(url.dsn.reveal())
    _, _, place = parts.netloc.rpartition("@")
    netloc = f"{quote(url.user, safe='')}@{place}" if url.user else place
    env = {**os.environ, "PGPASSWORD": url.password.reveal()} if url.password else None
    command_line = [program, parts._replace(netloc=netloc).geturl()]
    return subprocess.run(command_line, env=env, check=False).returncode  # noqa: S603 - psql, and one URL


def open_sqlite(path: Path) -> int:
    """Run sqlite3, or the shell that APSW brings, which knows the same commands."""
    program = shutil.which("sqlite3")
    if program is not None:
        return subprocess.run([program, str(path)], check=False).returncode  # noqa: S603 - sqlite3, and one path
    # Imported late: only this command needs it.
    from apsw.shell import Shell

    Shell(args=[str(path)], stdin=sys.stdin, stdout=sys.stdout).cmdloop()  # type: ignore[no-untyped-call]  # APSW's
    return 0
