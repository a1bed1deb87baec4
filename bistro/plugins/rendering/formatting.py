"""`bistro format-templates`: puts the site's templates into one form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bistro.templates import TemplateSyntaxError, format_template

if TYPE_CHECKING:
    from bistro.templates import Engine

MARKUP = (".html", ".htm", ".xml", ".svg", ".txt")
TEMPLATE = (".jinja", ".jinja2", ".j2")


class Formatting:
    """The command of one site."""

    def __init__(self, find_engine: Callable[[], Engine], folder: Path) -> None:
        self._find_engine = find_engine
        self._folder = folder

    def run(self, path: Path | None, *, check: bool = False) -> int:
        """Put templates into one form: PATH, a file or folder, or all of the site. --check changes none."""
        environment = self._find_engine().environment
        start = path or self._folder
        changed = failed = 0
        for file in sorted(find_templates(start)) if start.is_dir() else [start]:
            text = file.read_text(encoding="utf-8")
            try:
                made = format_template(environment, text, file.name)
            except TemplateSyntaxError as error:
                place = f":{error.where[0].line}" if error.where else ""
                tell(f"{file}{place}: {error.what}")
                failed += 1
                continue
            if made == text:
                continue
            changed += 1
            tell(f"{'would change' if check else 'changed'} {file}")
            if not check:
                file.write_text(made, encoding="utf-8", newline="\n")
        tell(f"{changed} {'would be ' * check}changed, {failed} can't be read")
        return 1 if failed or (check and changed) else 0


def tell(line: str) -> None:
    """Say something to whoever has run the command."""
    sys.stdout.write(line + "\n")


def find_templates(folder: Path) -> Iterator[Path]:
    """The templates in a folder whose form is known: markup, plain text, and what is named for Jinja."""
    for file in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.name.lower().endswith((*MARKUP, *TEMPLATE)) and file.is_file() and not is_hidden:
            yield file
