"""Where a site keeps its data while it is tested: never where it keeps them otherwise.

A SQLite file is replaced by a database in memory, empty at each start. A PostgreSQL database is
replaced by one beside it with `_test` behind its name (and the worker of pytest-xdist), made anew
at the first start. Who wants another one says so: `TEST_DATABASE_URL`, or `Database(test_url=…)`.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

from bistro.db import Database, DatabaseError, DatabaseUnavailable, parse_database_url

IN_MEMORY = "sqlite://"
SUFFIX = "_test"
MAINTENANCE = "/postgres"
"""PostgreSQL: the database to be connected to while another one is made."""
NAME_BYTES_MAX = 63


def find_test_url(url: str) -> str:
    """What stands for `url` in tests. Raises `DatabaseUrlError`."""
    parsed = parse_database_url(url)
    if parsed.dialect == "sqlite":
        return IN_MEMORY
    name = _with_worker(parsed.name or parsed.user)
    return _at_path(url, f"/{name}")


def _with_worker(name: str) -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    suffix = SUFFIX + (f"_{worker}" if worker else "")
    if name.endswith(suffix):
        return name
    return name.encode()[: NAME_BYTES_MAX - len(suffix)].decode(errors="ignore") + suffix


def _at_path(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, parts.fragment))


async def make_anew(url: str) -> None:
    """Make the database at `url` without anything in it. Raises `DatabaseUnavailable`.

    One that is in use stays as it is: another app of the same tests has it open.
    """
    parsed = parse_database_url(url)
    if parsed.dialect == "sqlite":
        return  # in memory, each opening makes a new one
    quoted = '"' + parsed.name.replace('"', '""') + '"'
    server = Database(_at_path(url, MAINTENANCE))
    try:
        async with server:
            users = await server.fetch("select 1 from pg_stat_activity where datname = $1", (parsed.name,))
            if not users:
                await server.execute(f"drop database if exists {quoted}")
                await server.execute(f"create database {quoted}")
    except DatabaseError as error:
        raise DatabaseUnavailable(
            f"the database {parsed.name} for tests can't be made: {error.what}",
            fix="Let the user create databases, or name one that exists: TEST_DATABASE_URL=…",
        ) from error
