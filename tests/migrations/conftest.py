"""Async tests and databases, as for the room of databases; and a folder of migrations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bistro.db import Database
from tests.db.conftest import postgres_database_url, postgres_url, sqlite_url
from tests.db.vector_server import vector_server, vector_url
from tests.migrations.support import Folder

__all__ = ["postgres_database_url", "postgres_url", "sqlite_url", "vector_server", "vector_url"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests."""
    if not asyncio.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(_run(pyfuncitem.obj, arguments))
    return True


# Any test: its database is open while it runs.
async def _run(test: Callable[..., object], arguments: dict[str, object]) -> None:
    database = arguments.get("database")
    if isinstance(database, Database):
        async with database:
            await test(**arguments)  # type: ignore[misc]
    else:
        await test(**arguments)  # type: ignore[misc]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database, open while an async test runs; each kind in turn."""
    kind = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return Database(request.getfixturevalue(kind))


@pytest.fixture
def postgres(postgres_url: str) -> Database:
    return Database(postgres_url)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "migrations")
