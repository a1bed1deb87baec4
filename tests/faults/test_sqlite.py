"""SQLite with several writers, killed writers, and a full disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database, Health
from bistro.testing import Client

pytestmark = pytest.mark.usefixtures("as_in_production")

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    connection = sqlite3.connect(path)
    connection.execute("create table note (number integer primary key)")
    connection.execute("create table pair (number integer primary key)")
    connection.close()
    return path


def start_writer(path: Path, first: int, total: int, tasks: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.writer", str(path), str(first), str(total), str(tasks)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_of(path: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute(sql)]
    finally:
        connection.close()


@pytest.mark.slow
def test_two_processes_with_six_writers_each_lose_nothing_and_meet_no_error(path: Path) -> None:
    writers = [start_writer(path, first, 600, 6) for first in (0, 1_000_000)]
    outputs = [writer.communicate(timeout=60) for writer in writers]
    assert [(writer.returncode, error) for writer, (_, error) in zip(writers, outputs, strict=True)] == [
        (0, "")
    ] * 2
    kept = sorted(int(line) for output, _ in outputs for line in output.split())
    assert len(kept) == 1200
    assert rows_of(path, "select number from note order by number") == kept
    assert rows_of(path, "select number from pair order by number") == [
        each for each in kept if each % 3 == 0
    ]


@pytest.mark.slow
def test_a_writer_that_is_killed_loses_nothing_that_it_said_was_kept(path: Path) -> None:
    writer = start_writer(path, 0, 0, 6)
    assert writer.stdout is not None
    kept = [int(writer.stdout.readline()) for _ in range(300)]
    os.kill(writer.pid, signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    kept += [int(line) for line in rest.splitlines()[:-1]]  # the last line may be cut
    assert rows_of(path, "pragma integrity_check") == ["ok"]
    stored = set(rows_of(path, "select number from note"))
    assert set(kept) <= stored
    pairs = set(rows_of(path, "select number from pair"))
    assert pairs == {number for number in stored if number % 3 == 0}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def site(path: Path) -> App:
    plugin = Database(f"sqlite:///{path}")
    app = App(plugin, Health(watch=[plugin]), defaults=False)

    @app.on_start
    async def create() -> None:
        await plugin.opened[0].execute("create table if not exists blob (data text)")

    @app.post("/blobs")
    async def add(database: OpenDatabase) -> None:
        await database.execute("insert into blob values (?)", ("x" * 50_000,))

    @app.post("/loose", atomic=False)
    async def add_loosely(database: OpenDatabase) -> None:
        await database.execute("insert into blob values (?)", ("x" * 50_000,))

    @app.get("/blobs")
    async def count(database: OpenDatabase) -> int:
        rows = await database.fetch("select count(*) from blob")
        return int(rows[0][0])

    return app


@pytest.mark.parametrize("where", ["/blobs", "/loose"])
def test_a_full_disk_is_told_while_reading_goes_on_and_writing_comes_back(
    small_disk: Path, where: str
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    with Client(site(small_disk / "notes.db")) as client:
        statuses = [client.post(where).status for _ in range(60)]
        kept = statuses.count(204)
        assert set(statuses) <= {204, 507, 503}
        assert statuses[-1] in (507, 503)
        assert client.get("/blobs").json() == kept
        assert client.get("/livez").status == 200
        ballast.unlink()
        assert client.post(where).status == 204
    assert rows_of(small_disk / "notes.db", "pragma integrity_check") == ["ok"]
    assert rows_of(small_disk / "notes.db", "select count(*) from blob") == [kept + 1]
