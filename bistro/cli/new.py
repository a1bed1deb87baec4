"""`bistro new`: a site to begin with."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

import click

from bistro.cli.errors import CommandError
from bistro.cli.output import EXIT_FINE, say, show

SCAFFOLDS = Path(__file__).parent / "scaffolds"

# Words in the scaffolds, valid in Python and in TOML, that stand for what the site is called.
PACKAGE_WORD = "PROJECT"
NAME_WORD = "PROJECT-NAME"
DOT = "dot-"
"""Stands before names of files that begin with a dot: build tools and Git take those for their own."""
SUFFIX = ".template"
"""Ends their names, so that no tool takes them for code of this package."""

EPILOG = """\b
Examples:
  bistro new shop              one file, app.py, with its test
  bistro new shop --package    a package with its tests and pyproject.toml
  bistro new .                 in this folder
"""


@click.command(epilog=EPILOG)
@click.argument("name")
@click.option("--package", is_flag=True, help="A package instead of one file.")
@click.option("--force", is_flag=True, help="Overwrite files that are there already.")
def command(name: str, package: bool, force: bool) -> int:
    """Make a new site in the folder NAME; it runs, and its tests pass, at once."""
    folder = Path(name).absolute()
    written = make_site(folder, read_name(folder.name), is_package=package, force=force)
    for path in written:
        show(str(path))
    go = "" if folder == Path.cwd() else f"cd {name} && "
    say(f"Made. Next: {go}bistro run", colour="green")
    return EXIT_FINE


def make_site(folder: Path, name: str, *, is_package: bool, force: bool) -> list[Path]:
    """Write the files into `folder`; their paths in it. Raises CommandError if some are there."""
    scaffold = SCAFFOLDS / ("package" if is_package else "file")
    package = name.replace("-", "_")
    files = {}
    for source in sorted(scaffold.rglob("*" + SUFFIX)):
        target = Path(str(source.relative_to(scaffold)).removesuffix(SUFFIX).replace(PACKAGE_WORD, package))
        if target.name.startswith(DOT):
            target = target.with_name("." + target.name.removeprefix(DOT))
        text = source.read_text(encoding="utf-8")
        files[target] = text.replace(NAME_WORD, name).replace(PACKAGE_WORD, package if is_package else name)
    present = [str(target) for target in files if (folder / target).exists()]
    if present and not force:
        what = f"{folder} has {', '.join(present)} already"
        raise CommandError(what, fix="Choose another name, or overwrite them with --force.")
    for target, text in files.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(text, encoding="utf-8")
    return list(files)


def read_name(text: str) -> str:
    """A name for the site that is also one for a package. Raises CommandError."""
    package = text.replace("-", "_").lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package) or keyword.iskeyword(package):
        what = f"{text!r} can't be the name of a site"
        raise CommandError(
            what, fix="Begin with a letter; letters, digits, - and _ may follow, as in my-shop."
        )
    if package in {"bistro", "test", "tests"} or package in sys.stdlib_module_names:
        raise CommandError(
            f"{text!r} is the name of a module of Python's, or of Bistro's", fix="Choose another."
        )
    return text.lower()
