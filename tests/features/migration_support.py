"""A site in a folder, on which `bistro db …` is run within this process, as often as a story needs it.

Each run starts as a new process would: the folder is the current one, and no module of the site is
loaded. `tests/cli/migrations` has the same command as a real process.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bistro.cli.main import main
from bistro.cli.migrations import site as migrated_site
from bistro.cli.shell import find_models
from bistro.db import Model

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
        self.env = {"DATABASE_URL": url} if url else {}
        self.migrations = folder / "migrations"

    def write(self, *fields: str) -> None:
        text = APP.format(fields="\n".join(f"    {line}" for line in fields))
        (self.folder / "app.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        """All that `bistro db …` says; it has to end with `code`."""
        return "".join(self._run(arguments, code))

    # Any: JSON, of which a test knows what it holds.
    def ask(self, *arguments: str, code: int = 0) -> Any:
        """What `bistro db … --json` says."""
        return json.loads(self._run((*arguments, "--json"), code)[0])

    def sql(self, statement: str) -> str:
        """What `bistro db shell` answers: the database's own shell."""
        command = [sys.executable, "-m", "bistro", "db", "shell"]
        env = {**os.environ, **self.env}
        done = subprocess.run(
            command, cwd=self.folder, env=env, input=statement, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(self, arguments: tuple[str, ...], code: int) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        with self._as_a_new_process(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended_with = main(("db", *arguments))
        assert ended_with == code, out.getvalue() + err.getvalue()
        return out.getvalue(), err.getvalue()

    @contextlib.contextmanager
    def _as_a_new_process(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(self.folder):
            patch.setattr(os, "environ", os.environ.copy())
            for name, value in self.env.items():
                patch.setenv(name, value)
            patch.setattr(sys, "path", list(sys.path))
            # It is written for files that change within a second, whose bytecode would not be told from theirs.
            patch.setattr(sys, "dont_write_bytecode", True)
            # A new process has no models but those of its site.
            patch.setattr(migrated_site, "find_models", self._find_own_models)
            importlib.invalidate_caches()
            before = set(sys.modules)
            try:
                yield
            finally:
                for name in set(sys.modules) - before:
                    if self._is_own(getattr(sys.modules[name], "__file__", None) or ""):
                        del sys.modules[name]

    def _find_own_models(self) -> list[type[Model]]:
        loaded = {
            name
            for name, module in sys.modules.items()
            if self._is_own(getattr(module, "__file__", None) or "")
        }
        return [
            model
            for model in find_models()
            if model.__module__ in loaded
            and getattr(sys.modules[model.__module__], model.__name__, None) is model
        ]

    def _is_own(self, file: str) -> bool:
        return Path(file).is_relative_to(self.folder)
