"""A primary and replicas: here, three files that know nothing of each other, so that each tells who answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from bistro import App, Request
from bistro.db import Database as OpenDatabase
from bistro.db import DatabaseUnavailable, NoDatabase, get_database, transaction
from bistro.plugins import Database
from bistro.testing import Client

pytestmark = pytest.mark.usefixtures("as_in_production")


@pytest.fixture
def urls(tmp_path: Path) -> dict[str, str]:
    found = {}
    for name in ("primary", "first", "second"):
        path = tmp_path / f"{name}.db"
        connection = apsw.Connection(str(path))
        connection.execute(f"create table here (name text); insert into here values ('{name}')")
        connection.close()
        found[name] = f"sqlite:///{path}"
    return found


def plugin_of(urls: dict[str, str]) -> Database:
    return Database(urls["primary"], replicas=[urls["first"], urls["second"]], slow_seconds=None)


@asynccontextmanager
async def opened(plugin: Database) -> AsyncIterator[OpenDatabase]:
    app = App(plugin, defaults=False)
    await app.start()
    database = plugin.opened[0]
    database.enter()
    try:
        yield database
    finally:
        database.leave()
        await app.stop()


async def who(database: OpenDatabase, sql: str = "select name from here limit 1") -> str:
    return str((await database.fetch(sql))[0][0])


async def test_replicas_take_turns_with_what_only_reads(urls: dict[str, str]) -> None:
    async with opened(plugin_of(urls)) as database:
        assert [await who(database) for _ in range(4)] == ["first", "second", "first", "second"]
        batches = [batch async for batch in database.iterate("select name from here")]
        assert batches == [[("first",)]]


async def test_what_may_change_something_goes_to_the_primary(urls: dict[str, str]) -> None:
    async with opened(plugin_of(urls)) as database:
        assert await who(database, "update here set name = name returning name") == "primary"
        assert await database.execute("insert into here values ('x')") == 1
        async with transaction():
            assert await who(database) == "primary"


async def test_a_replica_that_can_not_be_reached_is_passed_over(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(plugin_of(urls)) as database:
        replicas = database.driver._replicas  # type: ignore[attr-defined]

        async def fail(*arguments: object) -> None:
            raise DatabaseUnavailable("connection refused")

        monkeypatch.setattr(replicas[0], "fetch", fail)
        assert {await who(database) for _ in range(3)} == {"second"}
        monkeypatch.setattr(replicas[1], "fetch", fail)
        assert await who(database) == "primary"
        assert "is passed over: connection refused" in caplog.text


async def test_a_replica_that_is_down_does_not_keep_the_site_from_starting(urls: dict[str, str]) -> None:
    urls["first"] = "sqlite:////nowhere/at/all.db"
    async with opened(plugin_of(urls)) as database:
        assert [await who(database) for _ in range(2)] == ["second", "second"]


@pytest.fixture
def client(urls: dict[str, str]) -> Iterator[Client]:
    app = App(plugin_of(urls), defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> str:
        return await who(database)

    @app.post("/")
    async def change(request: Request, database: OpenDatabase) -> str:
        return await who(database)

    with Client(app, base_url="https://testserver") as client:
        yield client


def test_a_visitor_who_has_changed_something_reads_from_the_primary_for_a_while(client: Client) -> None:
    assert client.get("/").text in ("first", "second")
    answer = client.post("/")
    assert answer.text == "primary"
    cookie = client.cookies.get_cookie("bistro-wrote")
    assert cookie is not None
    assert cookie.http_only
    assert client.get("/").text == "primary"
    client.cookies.clear()
    assert client.get("/").text in ("first", "second")


def test_other_databases_are_opened_with_the_site_and_found_by_name(urls: dict[str, str]) -> None:
    app = App(Database(urls["primary"], others={"audit": urls["first"]}), defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> list[str]:
        return [await who(database), await who(get_database("audit"))]

    @app.get("/unknown")
    async def unknown() -> str:
        try:
            return get_database("reports").name
        except NoDatabase as error:
            return error.fix

    with Client(app) as client:
        assert client.get("/").json() == ["primary", "first"]
        assert client.get("/unknown").text == "Database(others={'reports': url})"
