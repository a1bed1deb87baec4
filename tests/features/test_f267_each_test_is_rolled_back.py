"""F267: each test is undone, and tests that run at once have databases of their own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import sync
from bistro.plugins import Database
from bistro.testing import Client, copied_database, rolled_back_in


def test_what_the_site_commits_is_undone_with_the_test(tmp_path: Path) -> None:
    app = App(Database(f"sqlite:///{tmp_path / 'site.db'}"), defaults=False)

    @app.put("/table")
    async def create(database: OpenDatabase) -> None:
        await database.execute("create table note (title text)")

    @app.post("/")
    async def add(database: OpenDatabase) -> None:
        await database.execute("insert into note values ('a')")

    with Client(app) as client:
        client.put("/table")
        for _ in range(2):
            with rolled_back_in(client) as database:
                client.post("/")
                assert sync(database.fetch("select count(*) from note")) == [(1,)]


def test_each_worker_takes_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "template.db"
    connection = sqlite3.connect(path)
    connection.execute("create table note (title text)")
    connection.close()
    with copied_database(f"sqlite:///{path}") as first, copied_database(f"sqlite:///{path}") as second:
        with OpenDatabase(first) as database:
            sync(database.execute("insert into note values ('a')"))
        with OpenDatabase(second) as database:
            assert sync(database.fetch("select * from note")) == []
