"""What can be chosen about a database, with limits that are on by default."""

from __future__ import annotations

from msgspec import Struct


class DatabaseOptions(Struct, frozen=True):
    """Limits of a database, each a promise to those who wait."""

    connections_max: int = 10
    """PostgreSQL: at most so many connections of this process."""
    wait_seconds_max: float = 5.0
    """Who gets no connection, or SQLite's lock, within this time is answered 503."""
    statement_seconds_max: float = 30.0
    """A statement that runs longer is stopped; 0 for no limit."""
    behind_pgbouncer: bool = False
    """PostgreSQL: connections change below a transaction (PgBouncer in transaction mode)."""
