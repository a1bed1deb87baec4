"""F263: `DATABASE_URL` says where the database is; without it, it is a file beside the app."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bistro.testing import Client

pytestmark = pytest.mark.usefixtures("as_in_production")

SITE = """
from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database

app = App(Database(), defaults=False)

@app.get("/")
async def show(database: OpenDatabase) -> str:
    await database.execute("create table if not exists here (id integer)")
    return database.url.name
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "f263_site.py").write_text(SITE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "f263_site", raising=False)
    return folder


def name_of_the_database() -> str:
    import f263_site

    with Client(f263_site.app) as client:
        return client.get("/").text


def test_the_environment_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'elsewhere.db'}")
    assert name_of_the_database() == str(folder / "elsewhere.db")
    assert (folder / "elsewhere.db").exists()


def test_without_it_the_file_is_beside_the_app(folder: Path) -> None:
    assert name_of_the_database() == str(folder / "bistro.sqlite3")
    assert (folder / "bistro.sqlite3").exists()
