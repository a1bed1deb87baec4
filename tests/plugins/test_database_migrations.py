"""What a site's database does about migrations: in tests it has them all, in development it tells."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import StatementError, sync
from bistro.migrations import Column, CreateTable, Migration, PrimaryKey, Table
from bistro.migrations.writing import write_migration
from bistro.testing import Client, rolled_back_in
from tests.db.conftest import postgres_database_url  # noqa: F401 - a fixture

SITE = """
from bistro import App
from bistro.db import Field, Model, auto
from bistro.plugins import Database

app = App(Database())

class Note(Model):
    id: Field[int] = auto()
    title: Field[str]

@app.post("/notes/{title}")
async def add(title: str) -> None:
    await Note.objects.create(title=title)

@app.get("/notes")
async def count() -> int:
    return await Note.objects.count()
"""
NOTE = Table(
    "note",
    (Column("id", "integer", default="auto"), Column("title", "text")),
    (PrimaryKey("pk_note", ("id",)),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_first.py").write_text(write_migration(Migration([CreateTable(NOTE)])))
    return tmp_path


def load(folder: Path) -> App:
    spec = importlib.util.spec_from_file_location("site_of_this_test", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: App = module.app
    return app


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def test_database_of_a_test_has_all_tables_at_each_start(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_database_url")
        monkeypatch.setenv("DATABASE_URL", url)
        request.addfinalizer(lambda: drop(url, "_test"))
    app = load(folder)

    for _ in range(2):
        with Client(app) as client:
            assert client.post("/notes/milk").status < 300
            assert client.get("/notes").json() >= 1


def drop(url: str, suffix: str) -> None:
    """Drop the database that was made for tests beside the one at `url`."""
    with OpenDatabase(url) as database:
        name = sync(database.fetch("select current_database()"))[0][0]
        sync(database.execute(f'drop database if exists "{name}{suffix}" with (force)'))


def test_database_that_was_given_for_tests_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", f"sqlite:///{folder / 'given.sqlite3'}")

    with Client(load(folder)) as client, pytest.raises(StatementError, match="bistro db migrate"):
        client.get("/notes")


def test_development_tells_what_is_to_be_applied(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")

    with caplog.at_level(logging.WARNING, "bistro.db"), Client(load(folder)):
        pass

    assert "migrations to apply" in caplog.text


def test_page_about_an_error_says_that_migrations_are_to_be_applied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")

    with Client(load(folder), raise_server_errors=False) as client:
        page = client.get("/notes", headers={"accept": "text/html"})

    assert page.status == 500
    assert "1 migration was to be applied: type m and Enter into its terminal" in page.text


def test_development_tells_what_is_wrong_with_a_file_and_serves(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")
    (folder / "migrations" / "0002_wrong.py").write_text("migration = 1")

    with caplog.at_level(logging.WARNING, "bistro.db"), Client(load(folder)) as client:
        assert client.get("/").status == 404

    assert "migrations are wrong" in caplog.text


VISITS = """
from bistro import App
from bistro.db import Field, Model, auto
from bistro.plugins import Database

app = App(Database(others={"logs": "sqlite:///logs.sqlite3"}))

class Visit(Model, database="logs"):
    id: Field[int] = auto()

@app.get("/")
async def count() -> int:
    await Visit.objects.create()
    return await Visit.objects.count()
"""
VISIT = Table("visit", (Column("id", "integer", default="auto"),), (PrimaryKey("pk_visit", ("id",)),))


def test_other_databases_of_a_test_have_their_tables_too(folder: Path) -> None:
    (folder / "app.py").write_text(VISITS)
    (folder / "migrations" / "logs").mkdir()
    text = write_migration(Migration([CreateTable(VISIT)]))
    (folder / "migrations" / "logs" / "0001_first.py").write_text(text)

    with Client(load(folder)) as client:
        assert client.get("/").json() == 1
        with rolled_back_in(client):
            assert client.get("/").json() == 2
        assert client.get("/").json() == 2


def test_production_applies_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "x" * 20 + "0123456789" * 4)
    monkeypatch.setenv("ALLOWED_HOSTS", "testserver")

    with Client(load(folder)) as client:
        assert client.get("/notes").status in (400, 421, 500)
    import apsw

    connection = apsw.Connection(str(folder / "bistro.sqlite3"))
    assert list(connection.execute("select name from sqlite_schema where type = 'table'")) == []
    connection.close()
