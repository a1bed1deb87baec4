"""A site in a folder, whose commands are run as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

APP = """
from bistro import App
from bistro.db import Field, ForeignKey, Model, auto, field
from bistro.plugins import Database

app = App(Database())

class Note(Model):
    id: Field[int] = auto()
{fields}
"""


class Site:
    """A site with a model `Note`, of which `write` changes the fields."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.env = {**os.environ, **({"DATABASE_URL": url} if url else {})}
        self.migrations = folder / "migrations"

    def write(self, *fields: str) -> None:
        text = APP.format(fields="\n".join(f"    {line}" for line in fields))
        (self.folder / "app.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        """All that `bistro db …` says; it has to end with `code`."""
        done = self._run(arguments, code)
        return done.stdout + done.stderr

    # Any: JSON, of which a test knows what it holds.
    def ask(self, *arguments: str, code: int = 0) -> Any:
        """What `bistro db … --json` says."""
        return json.loads(self._run((*arguments, "--json"), code).stdout)

    def sql(self, statement: str) -> str:
        """What the database's own shell answers."""
        return self._run(("shell",), 0, statement).stdout

    def _run(self, arguments: tuple[str, ...], code: int, text: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bistro", "db", *arguments],
            cwd=self.folder,
            env=self.env,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done
