"""The driver for a URL; only that one is loaded."""

from __future__ import annotations

from pathlib import Path

from bistro.db.drivers.protocol import Driver
from bistro.db.errors import MissingDriver
from bistro.db.options import DatabaseOptions
from bistro.db.url import MEMORY, DatabaseUrl


def make_driver(url: DatabaseUrl, options: DatabaseOptions) -> Driver:
    """The driver for `url`, not open yet. Raises `MissingDriver`."""
    if url.dialect == "sqlite":
        # Imported late, as is PostgreSQL's: a site has one of them.
        from bistro.db.drivers.sqlite.driver import SqliteDriver

        return SqliteDriver(
            None if url.name == MEMORY else Path(url.name),
            wait_seconds_max=options.wait_seconds_max,
            statement_seconds_max=options.statement_seconds_max,
        )
    try:
        from bistro.db.drivers.postgres.driver import PostgresDriver
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise MissingDriver(
            "PostgreSQL needs the package asyncpg", fix='Install it: pip install "bistro[postgres]".'
        ) from None
    return PostgresDriver(url, options)
