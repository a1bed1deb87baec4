"""F116: several databases and read replicas; each statement goes where it belongs."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import get_database
from bistro.plugins import Database
from bistro.testing import Client

pytestmark = pytest.mark.usefixtures("as_in_production")


def make_file(path: Path) -> str:
    connection = apsw.Connection(str(path))
    connection.execute(f"create table here (name text); insert into here values ('{path.stem}')")
    connection.close()
    return f"sqlite:///{path}"


def test_reads_go_to_the_replica_writes_to_the_primary_and_named_ones_elsewhere(tmp_path: Path) -> None:
    urls = {name: make_file(tmp_path / f"{name}.db") for name in ("primary", "replica", "reports")}
    app = App(
        Database(urls["primary"], replicas=[urls["replica"]], others={"reports": urls["reports"]}),
        defaults=False,
    )

    async def who(database: OpenDatabase) -> str:
        return str((await database.fetch("select name from here"))[0][0])

    @app.get("/")
    async def read(database: OpenDatabase) -> list[str]:
        return [await who(database), await who(get_database("reports"))]

    @app.post("/")
    async def write(database: OpenDatabase) -> str:
        return await who(database)

    with Client(app) as client:
        assert client.get("/").json() == ["replica", "reports"]
        assert client.post("/").text == "primary"
