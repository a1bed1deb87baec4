"""`bistro shell` and `bistro db shell`, in a terminal and without one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from bistro.cli.db import open_psql
from bistro.db import parse_database_url

SITE = """
from bistro import App
from bistro.db import Field, Model, auto, create_tables
from bistro.plugins import Database

class Note(Model):
    id: Field[int] = auto()
    title: Field[str]

app = App(Database("sqlite:///{path}"))

@app.on_start
async def create() -> None:
    await create_tables(Note)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE.replace("{path}", str(tmp_path / "site.db")))
    return tmp_path


def run(folder: Path, *arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bistro", *arguments]
    return subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, timeout=60, check=False
    )


def in_terminal(folder: Path, *arguments: str, lines: list[str]) -> str:
    """Type `lines` at a terminal, each when the prompt is there, then Ctrl-D; everything that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bistro", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    try:
        for line in [*(line + "\n" for line in lines), "\x04"]:
            shown += read_until_prompt(ours)
            os.write(ours, line.encode())
        shown += read_to_end(ours)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode()


def read_until_prompt(terminal: int) -> bytes:
    shown = b""
    while not shown.endswith(b">>> "):
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 4096)
    return shown


def read_to_end(terminal: int) -> bytes:
    # Whoever does not read holds up a program that waits for its last line to be shown.
    shown = b""
    try:
        while select.select([terminal], [], [], 30)[0] and (piece := os.read(terminal, 4096)):
            shown += piece
    except OSError:  # the other side is closed
        pass
    return shown


@pytest.mark.slow
def test_at_a_terminal_models_are_there_and_queries_are_awaited(folder: Path) -> None:
    lines = ['await Note.objects.create(title="milk")', "[note.title for note in await Note.objects.all()]"]
    shown = in_terminal(folder, "shell", lines=lines)
    assert "Models: Note" in shown
    assert "['milk']" in shown
    assert "Traceback" not in shown


@pytest.mark.slow
def test_an_error_at_the_prompt_is_shown_and_the_prompt_goes_on(folder: Path) -> None:
    shown = in_terminal(folder, "shell", lines=["await database.fetch('selct')", "40 + 2"])
    assert "StatementError (B803)" in shown
    assert "42" in shown


@pytest.mark.slow
def test_without_a_terminal_a_whole_program_runs(folder: Path) -> None:
    program = """
async def add(title):
    await Note.objects.create(title=title)

for title in ("milk", "bread"):
    await add(title)

print(await Note.objects.count())
"""
    done = run(folder, "shell", text=program)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


@pytest.mark.slow
def test_a_program_may_do_without_await(folder: Path) -> None:
    program = """
with transaction():
    sync(Note.objects.create(title="salt"))
print(sync(Note.objects.count()), sync(database.fetch("select title from note")))
"""
    done = run(folder, "shell", text=program)
    assert (done.returncode, done.stdout) == (0, "1 [('salt',)]\n"), done.stderr


@pytest.mark.slow
def test_a_program_that_fails_ends_with_one(folder: Path) -> None:
    done = run(folder, "shell", text="raise LookupError('lost')")
    assert done.returncode == 1
    assert "lost" in done.stderr


@pytest.mark.slow
def test_the_databases_own_shell_opens_the_file(folder: Path) -> None:
    run(folder, "shell", text="await Note.objects.create(title='milk')")
    done = run(folder, "db", "shell", text="select title from note;\n")
    assert (done.returncode, done.stdout.strip()) == (0, "milk"), done.stderr


@pytest.mark.slow
def test_a_site_without_a_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from bistro import App\n\napp = App()\n")
    done = run(tmp_path, "db", "shell", text="")
    assert done.returncode == 1
    assert "App(Database())" in done.stderr


def test_psql_gets_the_password_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "psql"
    fake.write_text(f'#!/bin/sh\necho "$1 $PGPASSWORD" > {tmp_path}/called\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    url = parse_database_url("postgresql://al%40ice:hunter2@db.example:5433/shop?sslmode=require")
    assert open_psql(url) == 0
    called = (tmp_path / "called").read_text().strip()
    assert called == "postgresql://al%40ice@db.example:5433/shop?sslmode=require hunter2"
