"""500 migrations: what is looked at often stays quick."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bistro.db import Database
from bistro.migrations import AddColumn, Column, CreateTable, Migration, PrimaryKey, Table
from bistro.migrations.writing import write_migration
from tests.migrations.support import Folder

COUNT = 500
ROOT = Path(__file__).resolve().parents[2]


def fill(folder: Folder) -> None:
    """A table every ten migrations, and a column in the others."""
    last = ""
    for number in range(1, COUNT + 1):
        name = f"{number:04}_step"
        table = f"t{number // 10}"
        if number % 10 == 0 or number == 1:
            operation = CreateTable(
                Table(
                    table, (Column("id", "integer", default="auto"),), (PrimaryKey(f"pk_{table}", ("id",)),)
                )
            )
        else:
            operation = AddColumn(table, Column(f"c{number}", "integer", nullable=True))
        after = (last,) if last else ()
        folder.write(name, write_migration(Migration([operation], after)))
        last = name


@pytest.mark.slow
@pytest.mark.timed
async def test_time_to_read_them_grows_with_their_number_and_not_faster(folder: Folder, sqlite_url: str):
    fill(folder)
    folder.graph()  # their bytecode is kept from here on, as it is for every other module

    def seconds(count: int) -> float:
        for file in sorted(folder.path.glob("*.py"))[count:]:
            file.rename(file.with_suffix(".away"))
        since = time.process_time()
        assert len(folder.graph().placed) == count
        taken = time.process_time() - since
        for file in folder.path.glob("*.away"):
            file.rename(file.with_suffix(".py"))
        return taken

    half = min(seconds(COUNT // 2) for _ in range(3))
    whole = min(seconds(COUNT) for _ in range(3))
    assert whole / half <= 3.5

    async with Database(sqlite_url) as database:
        await folder.migrator(database).migrate(fake=True)
        standings = await folder.migrator(database).list_standings()
        assert {each.standing for each in standings} == {"applied"}


APP = """
from bistro import App
from bistro.db import Field, Model, auto
from bistro.plugins import Database

app = App(Database())

class Step(Model, table="t0"):
    id: Field[int] = auto()
"""


@pytest.mark.slow
@pytest.mark.timed
@pytest.mark.parametrize("command", ["status", "check"])
async def test_command_takes_less_than_a_second(folder: Folder, command: str):
    fill(folder)
    (folder.path.parent / "app.py").write_text(APP)
    # As on any machine: the bytecode of a module is kept from its first use on.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def seconds() -> float:
        """Of the processor: the command waits for nothing, and another process must not count."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-m", "bistro", "db", command],
            cwd=folder.path.parent,
            env={**env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "bistro db make" in done.stderr  # the models have fewer tables than the migrations make
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    seconds()
    # 0.5 s where nothing else runs; the machines of the continuous integration are half as fast.
    assert min(seconds() for _ in range(3)) < 1.5


def test_a_server_never_loads_alembic_nor_migrations():
    code = """
import sys
from bistro import App
from bistro.plugins import Database
App(Database("sqlite://")).freeze()
print([name for name in sys.modules if name.startswith(("alembic", "bistro.migrations"))])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
