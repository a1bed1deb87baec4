"""F108: a request that changes something is kept as a whole or undone as a whole, by its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, Json, Response
from bistro.db import Database as OpenDatabase
from bistro.db import sync
from bistro.plugins import Database
from bistro.testing import Client


@pytest.fixture
def client(tmp_path: Path):
    app = App(Database(f"sqlite:///{tmp_path / 'site.db'}"), defaults=False)

    @app.put("/table")
    async def create(database: OpenDatabase) -> None:
        await database.execute("create table note (title text)")

    @app.get("/")
    async def count(database: OpenDatabase) -> int:
        return int((await database.fetch("select count(*) from note"))[0][0])

    @app.post("/async/{status:int}")
    async def add(status: int, database: OpenDatabase) -> Response:
        await database.execute("insert into note values ('first')")
        await database.execute("insert into note values ('second')")
        return Json({}, status=status)

    @app.post("/plain/{status:int}")
    def add_plainly(status: int, database: OpenDatabase) -> Response:
        sync(database.execute("insert into note values ('first')"))
        sync(database.execute("insert into note values ('second')"))
        return Json({}, status=status)

    with Client(app) as client:
        client.put("/table")
        yield client


@pytest.mark.parametrize("kind", ["async", "plain"])
@pytest.mark.parametrize(("status", "rows"), [(200, 2), (303, 2), (400, 0), (422, 0), (500, 0)])
def test_the_status_decides(client: Client, kind: str, status: int, rows: int) -> None:
    assert client.post(f"/{kind}/{status}").status == status
    assert client.get("/").json() == rows
