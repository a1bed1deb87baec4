"""What the database itself gives a column: the time now, a new UUID, each in its own words."""

from __future__ import annotations

from typing import Any, Final  # Any: SQLAlchemy's compilers take any element.

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement

# The form that `storage.py` reads back: UTC with microseconds, of which SQLite knows the thousands.
SQLITE_NOW: Final = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
# A random UUID (version 4, RFC 9562 §5.4) out of random bytes.
SQLITE_UUID: Final = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || "
    "'-' || "
    "substr('89AB', abs(random() % 4) + 1, 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
SQL: Final = {
    "sqlite": {"datetime": SQLITE_NOW, "date": "date('now')", "uuid": SQLITE_UUID},
    "postgresql": {
        "datetime": "statement_timestamp()",
        "date": "(statement_timestamp() AT TIME ZONE 'UTC')::date",
        "uuid": "gen_random_uuid()",
    },
}


class Automatic(ColumnElement[Any]):
    """The value that the database makes for a column of this kind."""

    inherit_cache = True

    def __init__(self, kind: str) -> None:
        self.kind = kind


@compiles(Automatic)
def _write_automatic(element: Automatic, compiler: Any, **_: Any) -> str:
    return f"({SQL[compiler.dialect.name][element.kind]})"
