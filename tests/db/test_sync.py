"""The database without `await`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import (
    DatabaseUnavailable,
    NoDatabase,
    TransactionError,
    UniqueViolation,
    find_database,
    on_commit,
    sync,
    transaction,
)
from bistro.plugins import Database
from bistro.testing import Client

CREATE = "create table note (id integer primary key, title text not null unique)"
INSERT = "insert into note (title) values (?)"


@pytest.fixture
def opened(tmp_path: Path):
    with OpenDatabase(f"sqlite:///{tmp_path / 'notes.db'}") as database:
        sync(database.execute(CREATE))
        yield database


def titles(database: OpenDatabase) -> list[str]:
    return [row[0] for row in sync(database.fetch("select title from note order by id"))]


def test_a_script_uses_the_database_within_a_plain_block(tmp_path: Path) -> None:
    with OpenDatabase(f"sqlite:///{tmp_path / 'notes.db'}") as database:
        assert find_database() is database
        sync(database.execute(CREATE))
        assert sync(database.execute(INSERT, ("a",))) == 1
        assert titles(database) == ["a"]
    assert find_database() is None
    assert database.loop is None


def test_errors_come_back_as_they_are(opened: OpenDatabase) -> None:
    sync(opened.execute(INSERT, ("a",)))
    with pytest.raises(UniqueViolation):
        sync(opened.execute(INSERT, ("a",)))


def test_batches_come_as_a_plain_iterator(opened: OpenDatabase) -> None:
    sync(opened.execute_many(INSERT, [("a",), ("b",), ("c",)]))
    batches = sync(opened.iterate("select title from note order by id", batch_size=2))
    assert [[row[0] for row in batch] for batch in batches] == [["a", "b"], ["c"]]


def test_a_plain_block_is_a_transaction(opened: OpenDatabase) -> None:
    done: list[str] = []
    with transaction():
        sync(opened.execute(INSERT, ("a",)))
        sync(on_commit(lambda: done.append("committed")))
        with pytest.raises(RuntimeError), transaction():
            sync(opened.execute(INSERT, ("b",)))
            raise RuntimeError
        assert done == []
    assert done == ["committed"]
    with pytest.raises(RuntimeError), transaction():
        sync(opened.execute(INSERT, ("c",)))
        raise RuntimeError
    assert titles(opened) == ["a"]


async def test_async_code_is_told_to_await(tmp_path: Path) -> None:
    async with OpenDatabase(f"sqlite:///{tmp_path / 'notes.db'}") as database:
        with pytest.raises(TransactionError, match="Write await"):
            sync(asyncio.sleep(0))
        assert await asyncio.to_thread(lambda: sync(database.fetch("select 1"))) == [(1,)]


def test_without_a_database_it_says_so() -> None:
    with pytest.raises(NoDatabase):
        sync(asyncio.sleep(0))


def test_a_database_that_is_not_open_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        sync(asyncio.sleep(0), using=OpenDatabase(f"sqlite:///{tmp_path / 'notes.db'}"))


def test_a_file_that_can_not_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable), OpenDatabase(f"sqlite:///{tmp_path}/nowhere/notes.db"):
        pass
    assert find_database() is None


@pytest.mark.parametrize(("fails", "kept"), [(False, ["a", "b"]), (True, [])])
def test_a_def_handler_takes_part_in_the_transaction_of_its_request(
    tmp_path: Path, fails: bool, kept: list[str]
) -> None:
    app = App(Database(f"sqlite:///{tmp_path / 'notes.db'}"), defaults=False)

    @app.get("/")
    def show(database: OpenDatabase) -> list[str]:
        return titles(database)

    @app.post("/table")
    def create(database: OpenDatabase) -> None:
        sync(database.execute(CREATE))

    @app.post("/")
    def add(database: OpenDatabase) -> None:
        sync(database.execute(INSERT, ("a",)))
        with transaction():
            sync(database.execute(INSERT, ("b",)))
        if fails:
            raise RuntimeError

    with Client(app, raise_server_errors=False) as client:
        client.post("/table")
        client.post("/")
        assert client.get("/").json() == kept


def test_a_plain_block_asks_for_isolation_before_the_first_statement_of_its_request(tmp_path: Path) -> None:
    app = App(Database(f"sqlite:///{tmp_path / 'notes.db'}"), defaults=False)

    @app.post("/")
    def add(database: OpenDatabase) -> int:
        with transaction(isolation="serializable"):
            sync(database.execute(CREATE))
            return sync(database.execute(INSERT, ("a",)))

    with Client(app) as client:
        assert client.post("/").json() == 1
