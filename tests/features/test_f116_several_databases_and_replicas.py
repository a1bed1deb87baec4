"""F116: several databases and read replicas; each statement goes where it belongs."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import Field, ForeignKey, Model, ModelError, auto, create_tables, get_database
from bistro.plugins import Database
from bistro.testing import Client

pytestmark = pytest.mark.usefixtures("as_in_production")


class Member(Model):
    id: Field[int] = auto()
    name: Field[str]


class Visit(Model, database="reports"):
    id: Field[int] = auto()
    who: Field[str]


class Stay(Model, database="reports"):
    id: Field[int] = auto()
    member: ForeignKey[Member]


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


def test_a_model_says_in_which_database_it_is(tmp_path: Path) -> None:
    urls = {name: f"sqlite:///{tmp_path / name}.db" for name in ("main", "reports")}
    app = App(Database(urls["main"], others={"reports": urls["reports"]}), defaults=False)

    @app.post("/")
    async def write() -> list[int]:
        await create_tables(Member, Visit)
        await Member.objects.create(name="Ann")
        visit = await Visit.objects.create(who="Ann")
        await Visit.objects.filter(Visit.id == visit.id).update(who="Bob")
        visit.who = "Cyd"
        await visit.save()
        await visit.refresh()
        return [await Member.objects.count(), await Visit.objects.filter(who="Cyd").count()]

    with Client(app) as client:
        assert client.post("/").json() == [1, 1]

    for name, table in (("main", "member"), ("reports", "visit")):
        connection = apsw.Connection(str(tmp_path / f"{name}.db"))
        tables = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
        assert [each for each in tables if not each.startswith("sqlite_")] == [table]
        connection.close()


def test_a_relation_between_databases_is_refused() -> None:
    with pytest.raises(ModelError, match="in another database"):
        Stay.objects.filter(Stay.member.name == "Ann").as_sql("sqlite")
