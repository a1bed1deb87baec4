"""The SQLAlchemy dialects whose SQL our drivers run; only their compilers are used, never a connection."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal  # Any: a dialect is generic in what is not used here.

from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite

Dialect = Literal["sqlite", "postgresql"]


@cache
def dialect_of(name: Dialect) -> Any:
    """The dialect called `name`; its placeholders are those of our driver: `?` or `$1`."""
    return sqlite() if name == "sqlite" else postgresql()  # type: ignore[no-untyped-call]  # it has no types
