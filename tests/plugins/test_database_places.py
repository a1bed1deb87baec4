"""Where the site's database is, and that tests never touch it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import DatabaseUnavailable, get_database
from bistro.plugins import Database
from bistro.plugins.database.places import find_places, find_test_places
from bistro.plugins.database.testing import find_test_url, make_anew
from bistro.testing import AsyncClient, Client
from tests.db.conftest import postgres_database_url  # noqa: F401 - a fixture

COUNT = "select count(*) from note"


def test_without_a_url_it_is_a_file_beside_the_app(tmp_path: Path) -> None:
    assert find_places(None, tmp_path, {}, ()).url == f"sqlite:///{tmp_path}/bistro.sqlite3"


def test_the_environment_names_it_unless_the_app_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////srv/shop.db")
    assert find_places(None, tmp_path, {}, ()).url == "sqlite:////srv/shop.db"
    assert find_places("sqlite:///own.db", tmp_path, {}, ()).url == "sqlite:///own.db"


# --- in tests --------------------------------------------------------------------------------------------


def site(database: Database) -> App:
    app = App(database, defaults=False)

    @app.on_start
    async def make_table() -> None:
        await get_database().execute("create table if not exists note (title text)")

    @app.post("/notes/{title}")
    async def add(title: str, database: OpenDatabase) -> int:
        slot = "?" if database.dialect == "sqlite" else "$1"
        await database.execute(f"insert into note values ({slot})", (title,))
        return int((await database.fetch(COUNT))[0][0])

    return app


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file with a row that nobody may touch."""
    path = tmp_path / "precious.sqlite3"
    connection = apsw.Connection(str(path))
    connection.execute("create table note (title text); insert into note values ('precious')")
    connection.close()
    return path


def test_a_test_client_opens_a_database_in_memory_that_is_empty_each_time(precious: Path) -> None:
    before = precious.read_bytes()
    app = site(Database(f"sqlite:///{precious}"))
    for _ in range(2):
        with Client(app) as client:
            assert client.post("/notes/milk").json() == 1
    assert precious.read_bytes() == before
    assert [file.name for file in precious.parent.iterdir()] == [precious.name]


def test_other_databases_are_replaced_too(precious: Path) -> None:
    app = site(Database("sqlite://", others={"archive": f"sqlite:///{precious}"}))

    @app.get("/archive")
    async def count_tables() -> int:
        rows = await get_database("archive").fetch("select count(*) from sqlite_master")
        return int(rows[0][0])

    with Client(app) as client:
        assert client.get("/archive").json() == 0


def test_replicas_have_no_part_in_tests(precious: Path) -> None:
    places = find_test_places("sqlite://", precious.parent, {}, None)
    assert list(places.replicas) == []


def test_a_site_in_production_opens_what_it_was_told_to(
    precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "production")
    with Client(site(Database(f"sqlite:///{precious}"))) as client:
        assert client.post("/notes/milk").json() == 2


@pytest.mark.parametrize("is_by_environment", [False, True])
def test_tests_may_name_another_one(
    precious: Path, monkeypatch: pytest.MonkeyPatch, is_by_environment: bool
) -> None:
    url = f"sqlite:///{precious}"
    if is_by_environment:
        monkeypatch.setenv("TEST_DATABASE_URL", url)
    app = site(Database(test_url=None if is_by_environment else url))
    with Client(app) as client:
        assert client.post("/notes/milk").json() == 2


def test_a_program_without_pytest_is_a_test_once_it_makes_a_client(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from bistro import App\n"
        "from bistro.db import get_database\n"
        "from bistro.plugins import Database\n"
        "from bistro.testing import Client\n"
        "app = App(Database(), defaults=False)\n"
        "@app.get('/')\n"
        "async def show() -> str:\n"
        "    return get_database().url.name\n"
        "with Client(app) as client:\n"
        "    print(client.get('/').text)\n"
    )
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ":memory:\n"
    assert [file.name for file in tmp_path.iterdir()] == ["app.py"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////srv/shop.db", "sqlite://"),
        ("postgresql://alice:p%40ss@db:5432/shop?sslmode=require", "/shop_test?sslmode=require"),
        ("postgresql://alice@db/shop_test", "/shop_test"),
        ("postgresql://alice@db", "/alice_test"),
        ("postgresql://db/" + "x" * 63, "/" + "x" * 58 + "_test"),
        ("postgresql://db/" + "é" * 31, "/" + "é" * 29 + "_test"),
    ],
)
def test_what_stands_for_a_database_is_beside_it(
    url: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert find_test_url(url).endswith(expected)


def test_each_worker_of_xdist_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert find_test_url("postgresql://db/shop").endswith("/shop_test_gw1")


def test_only_what_has_a_name_of_ours_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made_anew(url: str, test_url: str | None = None) -> list[str]:
        places = find_test_places(url, tmp_path, {}, test_url)
        return [urlsplit(each).path for each in places.made_anew if each != "sqlite://"]

    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert made_anew("postgresql://db/shop") == ["/shop_test"]
    assert made_anew("postgresql://db/shop_test") == []  # the site's own, whatever its name
    assert made_anew("postgresql://db/shop", "postgresql://db/given") == []
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://db/given")
    assert made_anew("postgresql://db/shop") == []


@pytest.mark.service
def test_postgresql_gets_a_database_of_its_own_which_begins_empty(postgres_database_url: str) -> None:  # noqa: F811
    async def drop() -> None:
        name = urlsplit(find_test_url(postgres_database_url)).path[1:]
        async with OpenDatabase(postgres_database_url) as database:
            await database.execute(f'drop database if exists "{name}" with (force)')

    async def go() -> None:
        async with OpenDatabase(postgres_database_url) as usual:
            await usual.execute("drop table if exists note")
            await usual.execute("create table note (title text)")
            for _ in range(2):  # another app is another run: what the first one left is gone
                app = site(Database(postgres_database_url))
                async with AsyncClient(app) as client:
                    assert (await client.post("/notes/milk")).json() == 1
                async with AsyncClient(app) as client:
                    assert (await client.post("/notes/eggs")).json() == 2
            assert (await usual.fetch(COUNT))[0][0] == 0

    try:
        asyncio.run(go())
    finally:
        asyncio.run(drop())


@pytest.mark.service
def test_one_that_is_in_use_stays_as_it_is(postgres_database_url: str) -> None:  # noqa: F811
    async def go() -> None:
        async with OpenDatabase(postgres_database_url) as database:
            await database.execute("create table if not exists held (title text)")
            await make_anew(postgres_database_url)
            await database.fetch("select * from held")

    asyncio.run(go())


def test_one_that_can_not_be_made_says_what_to_do() -> None:
    with pytest.raises(DatabaseUnavailable, match="shop_test for tests can't be made") as caught:
        asyncio.run(make_anew("postgresql://alice@127.0.0.1:9/shop_test"))
    assert "TEST_DATABASE_URL" in caught.value.fix
