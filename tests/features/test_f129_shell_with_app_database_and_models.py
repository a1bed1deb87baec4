"""F129: a shell with app, database and models loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SITE = """
from bistro import App
from bistro.db import Field, Model, auto, create_tables
from bistro.plugins import Database

class Note(Model):
    id: Field[int] = auto()
    title: Field[str]

app = App(Database("sqlite://"))

@app.on_start
async def create() -> None:
    await create_tables(Note)
"""


def test_the_shell_has_everything_loaded(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    done = subprocess.run(
        [sys.executable, "-m", "bistro", "shell"],
        cwd=tmp_path,
        input="await Note.objects.create(title='milk')\nprint(await Note.objects.count(), app is not None)\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1 True\n"), done.stderr
