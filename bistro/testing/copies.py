"""Copies of a whole database, for tests that commit, and for each worker that runs tests."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bistro.db import Database, parse_database_url, sync


@contextmanager
def copied_database(url: str) -> Iterator[str]:
    """The URL of a copy of the database at `url`, which is removed at the end.

    In PostgreSQL `url` serves as the template: nobody may be connected to it while it is copied, and
    its user must be allowed to create databases. With pytest-xdist each worker makes its own.
    """
    made = _copy_file(url) if parse_database_url(url).dialect == "sqlite" else _copy_in_server(url)
    with made as copy:
        yield copy


@contextmanager
def _copy_file(url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bistro-test-") as folder:
        path = Path(folder) / "copy.sqlite3"
        with Database(url) as database:
            sync(database.execute("vacuum into ?", (str(path),)))
        yield f"sqlite:///{path}"


@contextmanager
def _copy_in_server(url: str) -> Iterator[str]:
    name = parse_database_url(url).name
    copy = f"{name[:40]}_{secrets.token_hex(6)}"
    template = name.replace('"', '""')
    quoted = copy.replace('"', '""')
    # From another database: one that is connected to can't be copied or dropped.
    with Database(urlsplit(url)._replace(path="/postgres").geturl()) as server:
        sync(server.execute(f'create database "{quoted}" template "{template}"'))
        try:
            yield urlsplit(url)._replace(path=f"/{copy}").geturl()
        finally:
            sync(server.execute(f'drop database "{quoted}" with (force)'))
