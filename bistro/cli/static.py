"""`bistro static`: static files made ready for production."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from bistro.cli.errors import CommandError
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, short_path, show, show_json
from bistro.ground.text import did_you_mean
from bistro.plugins.static import Static
from bistro.plugins.static.collect import Collected, Missing, collect, is_current, prepare
from bistro.plugins.static.site import StaticSite

EPILOG = """\b
Examples:
  bistro static collect
  bistro static collect --prune
  bistro static collect --check --json
"""


class Group(click.Group):
    """Commands of which one that is misspelt is told with the one that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names."""
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        near = did_you_mean(args[0], self.commands)
        hint = f" Did you mean {near}?" if near else ""
        raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)


@click.group(cls=Group, epilog=EPILOG)
def command() -> None:
    """Make static files ready for production."""


@command.command(name="collect", epilog=EPILOG)
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), help="Write into this folder instead."
)
@click.option("--prune", is_flag=True, help="Remove the files of earlier runs that the site has no more.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 if there is something to collect.")
@click.option("--strict", is_flag=True, help="End with 1 if a file refers to one that there isn't.")
@app_option
@json_option
def collect_command(
    to: Path | None, prune: bool, check: bool, strict: bool, app: str | None, as_json: bool
) -> int:
    """Give every static file a name with a hash in it, and compressed forms where they are smaller.

    Takes the files of the site and of its plugins. Names in style sheets and modules are changed to
    the hashed ones. What has not changed since the last run is left alone.
    """
    site = find_site(app)
    folder = site.collected if to is None else to.absolute()
    refuse_folder(site, folder)
    if check:
        return report_check(site, as_json)
    done = collect(site.sources, site.at, folder, prune=prune)
    if as_json:
        show_json({"folder": str(folder), **msgspec.to_builtins(done)})
    else:
        report(done, folder)
    tell_missing(done.missing)
    return EXIT_PROBLEMS if strict and done.missing else EXIT_FINE


def find_site(app: str | None) -> StaticSite:
    """The static files of the app. Raises `CommandError` where it serves none."""
    loaded, frozen = load_frozen(app)
    plugin = next((each for each in loaded.plugins if isinstance(each, Static)), None)
    if plugin is None:
        raise CommandError("the app serves no static files", fix="Install the plugin: App(Static()).")
    return plugin.site(frozen.registered.static_folders)


def refuse_folder(site: StaticSite, folder: Path) -> None:
    """Raise `CommandError` for a folder whose files would be collected themselves at the next run."""
    for source in {source.folder for source in site.sources.values()}:
        if folder.resolve().is_relative_to(source.resolve()):
            what = f"{short_path(str(folder))} lies in {short_path(str(source))}, from which is collected"
            raise CommandError(what, fix="Name another folder: Static(collected=…), or --to FOLDER.")


def report(done: Collected, folder: Path) -> None:
    """Tell what was done."""
    for path in done.written:
        show(f"written  {path}")
    for path in done.removed:
        show(f"removed  {path}")
    files = "1 file" if done.files == 1 else f"{done.files} files"
    say(f"{files} in {short_path(str(folder))}, {len(done.written)} of them new.")
    if done.stale:
        say(f"{len(done.stale)} of earlier runs are left: `bistro static collect --prune` removes them.")


def report_check(site: StaticSite, as_json: bool) -> int:
    """Tell whether a run would change anything; 1 if it would."""
    prepared, missing = prepare(site.sources, site.at)
    current = is_current(site.manifest, prepared)
    if as_json:
        show_json(
            {"folder": str(site.collected), "current": current, "missing": msgspec.to_builtins(missing)}
        )
    else:
        say(
            "What was collected is current."
            if current
            else "Run `bistro static collect`: files have changed."
        )
    return EXIT_FINE if current else EXIT_PROBLEMS


def tell_missing(missing: list[Missing]) -> None:
    """Name the references that lead nowhere; they are left as they are."""
    for each in missing:
        say(f"{short_path(each.file)}:{each.line}: there is no static file {each.reference}", colour="yellow")
