"""Where a database is: `DATABASE_URL` and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct, field

from bistro.db.drivers.protocol import Dialect
from bistro.db.errors import DatabaseUrlError
from bistro.ground.secret import MASK, Secret
from bistro.ground.text import did_you_mean

DIALECT_OF: Mapping[str, Dialect] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
MEMORY = ":memory:"
FIX = "Write sqlite:///notes.db or postgresql://user:password@host:5432/name."


class DatabaseUrl(Struct, frozen=True):
    """The parts of a database's URL. For SQLite, `name` is the path of the file, or `:memory:`."""

    dialect: Dialect
    name: str
    host: str = ""
    port: int | None = None
    user: str = ""
    password: Secret = Secret("")
    options: Mapping[str, str] = field(default_factory=dict)
    dsn: Secret = Secret("")
    """PostgreSQL: the whole, as its own libraries read it."""

    def __str__(self) -> str:
        """The URL without its password."""
        if self.dialect == "sqlite":
            return f"sqlite:///{self.name}"
        user = f"{self.user}{f':{MASK}' if self.password else ''}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"postgresql://{user}{self.host}{port}/{self.name}"


def parse_database_url(text: str) -> DatabaseUrl:
    """The parts of `text`. Raises `DatabaseUrlError`, which never shows the password.

    `sqlite:///notes.db` is relative to the working folder, `sqlite:////srv/notes.db` is absolute,
    `sqlite://` is in memory. `postgresql://` (or `postgres://`) takes what libpq takes: parts that
    are left out, a list of hosts in the option `host`, `sslmode` and its certificates.
    """
    scheme, separator, rest = text.strip().partition(":")
    # SQLAlchemy's way of naming a driver too: postgresql+asyncpg://…
    dialect = DIALECT_OF.get(scheme.lower().partition("+")[0])
    if not separator or dialect is None:
        raise _wrong_scheme(scheme if separator else "")
    if dialect == "sqlite":
        return _sqlite(rest)
    try:
        parts = urlsplit(f"postgresql:{rest}")
        port = parts.port
    except ValueError:
        raise DatabaseUrlError("the host or port of the database's URL can't be read", fix=FIX) from None
    if not rest.startswith("//"):
        raise DatabaseUrlError("the database's URL has no // behind postgresql:", fix=FIX)
    return DatabaseUrl(
        "postgresql",
        unquote(parts.path.removeprefix("/")),
        unquote(parts.hostname or ""),
        port,
        unquote(parts.username or ""),
        Secret(unquote(parts.password or "")),
        dict(parse_qsl(parts.query)),
        Secret(f"postgresql:{rest}"),
    )


def _sqlite(rest: str) -> DatabaseUrl:
    path, _, query = rest.partition("?")
    if path in ("", "//", "///", f"//{MEMORY}", f"///{MEMORY}"):
        return DatabaseUrl("sqlite", MEMORY, options=dict(parse_qsl(query)))
    if not path.startswith("///"):
        raise DatabaseUrlError(
            f"sqlite:{path} has {path.count('/')} slashes before the path, and needs three",
            fix="Write sqlite:///notes.db for a file in the working folder, sqlite:////srv/notes.db for any.",
        )
    return DatabaseUrl("sqlite", unquote(path.removeprefix("///")), options=dict(parse_qsl(query)))


def _wrong_scheme(scheme: str) -> DatabaseUrlError:
    # What stands there may be a password: only a word is repeated.
    if not (scheme.isalnum() and scheme.isascii() and len(scheme) <= 20):
        return DatabaseUrlError("the database's URL does not begin with the kind of database", fix=FIX)
    near = did_you_mean(scheme, tuple(DIALECT_OF))
    hint = f" Did you mean {near}?" if near else ""
    return DatabaseUrlError(f"there is no driver for {scheme}: databases", fix=FIX + hint)
