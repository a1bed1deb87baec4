"""The table in which a database keeps what was applied to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from bistro.db.database import Database
from bistro.db.lowering.sql_types import quoted
from bistro.migrations.migration import Loaded, full_name

TABLE: Final = "bistro_migrations"
_MAKE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (package TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, "
    "applied_at TEXT NOT NULL, phases_done INTEGER, PRIMARY KEY (package, name))"
)
_IS_THERE: Final = {
    "sqlite": f"SELECT count(*) FROM sqlite_schema WHERE name = '{TABLE}'",
    "postgresql": f"SELECT count(to_regclass('{TABLE}'))",
}


def note_statements(loaded: Loaded, direction: str) -> list[str]:
    """What notes in SQL that a migration is applied, or not any more; for those who run it by hand."""
    place = f"package = {quoted(loaded.package)} AND name = {quoted(loaded.name)}"
    forget = f"DELETE FROM {TABLE} WHERE {place}"
    values = ", ".join(quoted(each) for each in (loaded.package, loaded.name, loaded.digest))
    note = f"INSERT INTO {TABLE} VALUES ({values}, CAST(CURRENT_TIMESTAMP AS TEXT), NULL)"
    return [_MAKE, forget, note] if direction == "forward" else [forget]


class Applied(Struct, frozen=True):
    """One migration that was applied; `phases_done` is not None where only so much of it was."""

    package: str
    name: str
    digest: str
    applied_at: str
    phases_done: int | None = None

    @property
    def full_name(self) -> str:
        """The name among those of all packages."""
        return full_name(self.package, self.name)


class History:
    """Reads and writes the table; what it writes is part of the transaction at hand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self) -> None:
        """Make the table where there is none."""
        if not await self.is_there():
            await self._database.execute(_MAKE)

    async def is_there(self) -> bool:
        """Whether the table is there."""
        rows = await self._database.fetch(_IS_THERE[self._database.dialect])
        return bool(rows[0][0])

    async def read(self) -> dict[str, Applied]:
        """What was applied, by full name; nothing where the table is not there."""
        if not await self.is_there():
            return {}
        rows = await self._database.fetch(
            f"SELECT package, name, digest, applied_at, phases_done FROM {TABLE} ORDER BY applied_at, name"
        )
        found = [Applied(*row) for row in rows]
        return {each.full_name: each for each in found}

    async def add(self, loaded: Loaded, *, phases_done: int | None = None) -> None:
        """Note that a migration is applied, or how much of it."""
        await self.remove(loaded.package, loaded.name)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        await self._database.execute(
            self._marked(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?)"),
            (loaded.package, loaded.name, loaded.digest, now, phases_done),
        )

    async def remove(self, package: str, name: str) -> None:
        """Forget that a migration was applied."""
        await self._database.execute(
            self._marked(f"DELETE FROM {TABLE} WHERE package = ? AND name = ?"),
            (package, name),
        )

    def _marked(self, sql: str) -> str:
        if self._database.dialect == "sqlite":
            return sql
        for number in range(1, sql.count("?") + 1):
            sql = sql.replace("?", f"${number}", 1)
        return sql
