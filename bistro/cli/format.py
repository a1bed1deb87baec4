"""`bistro format`: puts the site's templates into one form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from bistro.app import BaseApp
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, short_path, show
from bistro.plugins import Rendering
from bistro.templates import Engine, TemplateSyntaxError, format_template

SUFFIXES = (".html", ".htm", ".xml", ".svg", ".txt", ".jinja", ".jinja2", ".j2")
EPILOG = """\b
Examples:
  bistro format
  bistro format --check
  bistro format templates/notes/list.html

\b
Ends with 0; with 1 where a template can't be read or, with --check, would change.
"""


@click.command(epilog=EPILOG)
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="Only say which would change.")
@app_option
def command(path: Path | None, check: bool, app: str | None) -> int:
    """Put the templates in PATH, a file or folder, into one form; without PATH, all of the site.

    Blanks inside of tags, indentation and line ends change, and nothing that a page shows.
    """
    loaded, frozen = load_frozen(app)
    # The tags of plugins are part of the language.
    tags = dict.fromkeys(frozen.registered.template_parts.find_names("tag").values())
    environment = Engine(tags=tags).environment  # type: ignore[arg-type]  # classes, whatever the record says
    changed = failed = 0
    for file in find_templates([path] if path else folders_of(loaded)):
        text = file.read_text(encoding="utf-8")
        try:
            made = format_template(environment, text, file.name)
        except TemplateSyntaxError as error:
            show(f"{short_path(str(file))}:{error.where[0].line}: {error.what}")
            failed += 1
            continue
        if made != text:
            changed += 1
            show(f"{'would change' if check else 'changed'} {short_path(str(file))}")
            if not check:
                file.write_text(made, encoding="utf-8", newline="\n")
    say(f"{changed} {'would be ' * check}changed, {failed} can't be read")
    return EXIT_PROBLEMS if failed or (check and changed) else EXIT_FINE


def folders_of(app: BaseApp) -> list[Path]:
    """The folders of the site's own templates."""
    return [Path(each.folder).absolute() for each in app.plugins if isinstance(each, Rendering)]


def find_templates(places: list[Path]) -> Iterator[Path]:
    """The templates in these places whose form is known: markup, plain text, and what is named for Jinja."""
    for place in places:
        if place.is_file():
            yield place
            continue
        for file in sorted(place.rglob("*")):
            is_hidden = any(part.startswith(".") for part in file.relative_to(place).parts)
            if file.name.lower().endswith(SUFFIXES) and file.is_file() and not is_hidden:
                yield file
