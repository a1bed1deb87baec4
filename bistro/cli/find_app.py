"""Find the app that a command is about, without importing it.

Looked for in this order: the command's argument, the environment's `BISTRO_APP`, `[tool.bistro]
app` in pyproject.toml, then `app.py` and `main.py` in the folder. An app is named by a file
(`shop/app.py`), by a module (`shop`), or by either and what it is called there (`shop:app`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bistro.cli.errors import AppNotFound
from bistro.cli.project import read_project
from bistro.ground.text import did_you_mean

FILES = ("app.py", "main.py")

_ATTRIBUTE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\(\))?")


@dataclass(frozen=True, slots=True)
class AppSource:
    """Where an app is: the `module` to import from the folder `root`, and its name there, if given."""

    root: Path
    module: str
    attribute: str | None
    said_by: str
    """Who named it, for messages: `the argument`, `BISTRO_APP`, `pyproject.toml`, `app.py`."""
    is_file: bool
    """Whether it was found as a file, so that `root` is the site's own folder."""


def get_source(argument: str | None, folder: Path, variable: str | None = None) -> AppSource:
    """Where the app is. Raises AppNotFound also if nothing says where, and `folder` holds none."""
    source = find_source(argument, folder, variable)
    if source is None:
        raise AppNotFound(
            f"there is no app.py in {folder}",
            fix=(
                "Go to the folder of your site, name its app (bistro run shop/app.py, or --app shop/app.py\n"
                'for other commands), or write [tool.bistro] app = "shop:app" into pyproject.toml.\n'
                "`bistro new NAME` makes a site."
            ),
        )
    return source


def find_source(argument: str | None, folder: Path, variable: str | None = None) -> AppSource | None:
    """Where the app is; `variable` is what BISTRO_APP says.

    Raises AppNotFound if a place is named and nothing is there.
    """
    project = read_project(folder)
    named = (
        (argument, folder, "the argument"),
        (variable, folder, "BISTRO_APP"),
        (project.app, project.folder, "pyproject.toml"),
    )
    for text, start, said_by in named:
        if text:
            return _parse(text, start, said_by)
    for name in FILES:
        if (folder / name).is_file():
            return _from_file(folder / name, None, name)
    return None


def _parse(text: str, folder: Path, said_by: str) -> AppSource:
    place, colon, attribute = text.rpartition(":")
    # `C:\shop\app.py` has a colon too, and what follows it is no name.
    if not colon or not _ATTRIBUTE.fullmatch(attribute):
        place, attribute = text, ""
    file = _find_file(folder / place)
    if file is not None:
        return _from_file(file, attribute or None, said_by)
    if place.endswith(".py") or "/" in place or os.sep in place:
        raise _no_such_file(place, folder, said_by)
    if not all(part.isidentifier() for part in place.split(".")):
        fix = "Write a file (shop/app.py), a module (shop), or either with a name (shop:app)."
        raise AppNotFound(f"{said_by} says {text!r}, which names no app", fix=fix)
    return AppSource(folder, place, attribute or None, said_by, is_file=False)


def _find_file(path: Path) -> Path | None:
    if path.is_dir():
        path = next((path / name for name in ("__init__.py", *FILES) if (path / name).is_file()), path)
    return path.resolve() if path.is_file() else None


def _from_file(file: Path, attribute: str | None, said_by: str) -> AppSource:
    """A file inside a package is imported as part of it, so that its imports mean what they always do."""
    names = [] if file.stem == "__init__" else [file.stem]
    root = file.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    return AppSource(root, ".".join(names), attribute, said_by, is_file=True)


def _no_such_file(place: str, folder: Path, said_by: str) -> AppNotFound:
    asked = Path(place)
    around = (folder / place).parent
    names = [each.name for each in around.iterdir()] if around.is_dir() else []
    near = did_you_mean(asked.name, names)
    fix = (
        f"Did you mean {asked.with_name(near)}?"
        if near
        else "Check the path; it starts at the current folder."
    )
    return AppNotFound(f"{said_by} says {place}, and there is no such file", fix=fix)
