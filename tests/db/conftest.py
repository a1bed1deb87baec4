"""Async tests, and the databases that they run on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro.db import Database
from tests.db.support import SERVER, AnyDatabase, run_in
from tests.db.vector_server import vector_server, vector_url

__all__ = ["vector_server", "vector_url"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests, within their database where they ask for `database`."""
    if not asyncio.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(run_in(arguments.get("database"), pyfuncitem.obj, arguments))
    return True


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'notes.db'}"


@pytest.fixture(scope="session")
def postgres_database_url(services_required: bool) -> Iterator[str]:
    """The URL of a database made for this run; skips where no PostgreSQL answers."""
    name = f"bistro_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(_command(f"create database {name}"))
    except OSError as error:
        if services_required:
            pytest.fail(f"PostgreSQL can't be reached, and BISTRO_REQUIRE_SERVICES=1: {error}")
        pytest.skip(f"no PostgreSQL at {SERVER}")
    yield f"{SERVER}/{name}"
    asyncio.run(_command(f"drop database {name} with (force)"))


@pytest.fixture
def postgres_url(postgres_database_url: str) -> str:
    """The URL of an empty schema of the test's own."""
    name = f"test_{secrets.token_hex(6)}"
    asyncio.run(_command(f"create schema {name}", postgres_database_url))
    return f"{postgres_database_url}?search_path={name}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database(request: pytest.FixtureRequest) -> Database:
    """A database with the tables `author` and `note`, open while an async test runs; each kind in turn."""
    kind = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return AnyDatabase(request.getfixturevalue(kind))


async def _command(sql: str, url: str = f"{SERVER}/postgres") -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
