"""Databases in tests: what is done is undone, statements are counted, copies are made."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import NoDatabase, UniqueViolation, find_database, on_commit, sync, transaction
from bistro.plugins import Database
from bistro.testing import Client, assert_queries, copied_database, rolled_back, rolled_back_in
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.db.support import AnyDatabase, titles

pytest_plugins = ("pytester",)
INSERT = "insert into note (title) values (?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    connection = sqlite3.connect(path)
    connection.execute("create table note (id integer primary key, title text not null unique)")
    connection.execute("insert into note (title) values ('there before')")
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    app = App(Database(test_url=f"sqlite:///{path}"), defaults=False)

    @app.post("/{title}")
    async def add(title: str, database: OpenDatabase) -> None:
        await database.execute(INSERT, (title,))
        if title == "fails":
            raise RuntimeError

    @app.get("/")
    async def show(database: OpenDatabase) -> list[str]:
        return [row[0] for row in await database.fetch("select title from note order by id")]

    with Client(app, raise_server_errors=False) as client:
        yield client


def test_what_site_and_test_do_is_undone(client: Client) -> None:
    with rolled_back_in(client) as database:
        client.post("/a")
        sync(database.execute(INSERT, ("b",)))
        assert client.get("/").json() == ["there before", "a", "b"]
    assert client.get("/").json() == ["there before"]
    assert find_database() is None


def test_the_site_behaves_as_if_it_committed(client: Client) -> None:
    with rolled_back_in(client):
        assert client.post("/fails").status == 500
        assert client.post("/a").status == 204
        assert client.post("/a").status == 409
        assert client.get("/").json() == ["there before", "a"]


def test_a_site_without_a_database_is_told() -> None:
    app = App(defaults=False)
    with Client(app) as client, pytest.raises(NoDatabase), rolled_back_in(client):
        pass


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> OpenDatabase:
    if request.param == "sqlite":
        return AnyDatabase(f"sqlite:///{tmp_path / 'other.db'}")
    return AnyDatabase(request.getfixturevalue("postgres_url"))


def in_database(database: OpenDatabase, test: Any) -> None:
    async def run() -> None:
        async with database:
            await database.execute("create table note (id serial primary key, title text not null unique)"
                                   if database.dialect == "postgresql" else
                                   "create table note (id integer primary key, title text not null unique)")  # fmt: skip
            await test()

    asyncio.run(run())


def test_a_statement_that_fails_spoils_nothing_that_follows(database: OpenDatabase) -> None:
    async def test() -> None:
        async with rolled_back(database):
            await database.execute(INSERT, ("a",))
            with pytest.raises(UniqueViolation):
                await database.execute(INSERT, ("a",))
            await database.execute(INSERT, ("b",))
            assert await titles(database) == ["a", "b"]
        assert await titles(database) == []

    in_database(database, test)


def test_transactions_within_the_test_are_kept_or_undone_as_usual(database: OpenDatabase) -> None:
    done: list[str] = []

    async def test() -> None:
        async with rolled_back(database):
            async with transaction():
                await database.execute(INSERT, ("a",))
                async with transaction():
                    await database.execute(INSERT, ("b",))
                await on_commit(lambda: done.append("committed"))
            with pytest.raises(RuntimeError):
                async with transaction():
                    await database.execute(INSERT, ("c",))
                    raise RuntimeError
            assert await titles(database) == ["a", "b"]
        assert await titles(database) == []

    in_database(database, test)
    assert done == ["committed"]


def test_tasks_take_turns(database: OpenDatabase) -> None:
    async def add(title: str) -> None:
        async with transaction():
            await database.execute(INSERT, (title,))
            await asyncio.sleep(0)
            await database.execute(INSERT, (title + "!",))

    async def test() -> None:
        async with rolled_back(database):
            await asyncio.gather(*(add(title) for title in "abc"), database.execute(INSERT, ("d",)))
            assert sorted(await titles(database)) == ["a", "a!", "b", "b!", "c", "c!", "d"]
        assert await titles(database) == []

    in_database(database, test)


# --- counting -------------------------------------------------------------------------------------------


def test_the_right_number_of_statements_passes(client: Client) -> None:
    with rolled_back_in(client), assert_queries(1) as statements:
        client.get("/")
    assert statements.seen == ["select title from note order by id"]


def test_a_wrong_number_lists_the_statements_and_who_asked(client: Client) -> None:
    with rolled_back_in(client), pytest.raises(AssertionError) as caught, assert_queries(2):
        client.get("/")
    message = str(caught.value)
    assert message.startswith("1 statements were run, not 2:")
    assert f"{__file__}:" in message
    assert "select title from note" in message


def test_more_than_allowed_fails(client: Client) -> None:
    with rolled_back_in(client):
        with assert_queries(at_most=1):
            client.get("/")
        with (
            pytest.raises(AssertionError, match="2 statements were run, more than 1"),
            assert_queries(at_most=1),
        ):
            client.get("/")
            client.post("/a")


# --- copies ---------------------------------------------------------------------------------------------


def test_a_copy_of_a_file_is_apart_from_it_and_removed(path: Path) -> None:
    with copied_database(f"sqlite:///{path}") as url:
        with OpenDatabase(url) as database:
            sync(database.execute(INSERT, ("only in the copy",)))
            assert sync(database.fetch("select count(*) from note")) == [(2,)]
        copy = Path(database.url.name)
    assert not copy.exists()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select count(*) from note").fetchall() == [(1,)]


@pytest.mark.service
def test_a_database_of_postgresql_is_a_template_for_copies(postgres_database_url: str) -> None:  # noqa: F811
    with copied_database(postgres_database_url) as first, copied_database(postgres_database_url) as second:
        assert first != second
        with OpenDatabase(first) as database:
            sync(database.execute("create table only_here (id int)"))
        with OpenDatabase(second) as database:
            assert sync(database.fetch("select to_regclass('only_here')")) == [(None,)]
    with pytest.raises(Exception, match="does not exist"), OpenDatabase(first):
        pass


# --- fixtures -------------------------------------------------------------------------------------------


def test_the_fixture_undoes_each_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        app="""
        from bistro import App
        from bistro.db import Database as OpenDatabase
        from bistro.plugins import Database

        app = App(Database("sqlite://"))

        async def create():
            from bistro.db import get_database
            await get_database().execute("create table note (title text unique)")

        app.on_start(create)

        @app.post("/{title}")
        async def add(title: str, database: OpenDatabase) -> None:
            await database.execute("insert into note values (?)", (title,))
        """,
        test_it="""
        import pytest
        from bistro.db import sync

        @pytest.mark.parametrize("number", range(3))
        def test_each_begins_empty(client, database, number):
            assert sync(database.fetch("select * from note")) == []
            client.post("/a")
            assert sync(database.fetch("select * from note")) == [("a",)]
        """,
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=3)
