"""F195: sessions in cookies, the database, files and memory; a cache comes with the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App
from bistro.db import create_tables
from bistro.ground import make_secret_key
from bistro.plugins import (
    Database,
    DatabaseSessions,
    FileSessions,
    MemorySessions,
    Session,
    Sessions,
    StoredSession,
)
from bistro.testing import Client, assert_queries


@pytest.mark.parametrize("name", ["cookie", "memory", "file", "database"])
def test_visitor_is_remembered_whatever_the_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    store = {
        "cookie": None,
        "memory": MemorySessions(),
        "file": FileSessions(tmp_path / "sessions"),
        "database": DatabaseSessions(),
    }[name]
    app = App(Database(f"sqlite:///{tmp_path / 'site.sqlite3'}"), Sessions(store))
    app.on_start(lambda: create_tables(StoredSession))

    @app.get("/")
    async def count(session: Session) -> int:
        session["visits"] = session.get("visits", 0) + 1
        return int(session["visits"])

    with Client(app) as client:
        client.get("/")
        ann = client.get("/").json()
        client.cookies.clear()
        assert (ann, client.get("/").json()) == (2, 1)


def test_session_is_read_from_the_database_by_one_query(tmp_path: Path) -> None:
    site = Database(f"sqlite:///{tmp_path / 'site.sqlite3'}")
    app = App(site, Sessions(DatabaseSessions()))
    app.on_start(lambda: create_tables(StoredSession))

    @app.get("/set")
    async def set_name(session: Session) -> None:
        session["name"] = "Ann"

    @app.get("/read")
    async def read(session: Session) -> str:
        return str(session["name"])

    with Client(app) as client:
        client.get("/set")
        with assert_queries(1, using=site.opened[0]):
            assert client.get("/read").text == "Ann"
