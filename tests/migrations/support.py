"""Models made in a test, and a folder with their migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bistro.db import Database, Model
from bistro.migrations import Graph, Migrator, Operation, Package, Patience, draft, make_migration
from bistro.migrations.catalog import Facts, describe, describe_state
from bistro.migrations.reading import read_models

IMPATIENT = Patience(lock_seconds=0.2, attempts_max=3, pause_seconds=0.05)


class Folder:
    """Migrations of a package in a folder."""

    def __init__(self, path: Path, package: str = "site") -> None:
        self.path = path
        self.package = package

    def graph(self, *models: type[Model]) -> Graph:
        return Graph([Package(self.package, self.path, models)])

    def make(
        self,
        *models: type[Model],
        renames: bool | Sequence[str] = False,
        fills: Mapping[str, str] | None = None,
    ) -> str:
        """Write the next migration; its name, or an empty text where there is nothing to do."""
        graph = self.graph(*models)
        given = renames if isinstance(renames, Sequence) else ()
        made = make_migration(
            graph, graph.packages[0], ask=lambda _: renames is True, renames=given, fills=fills
        )
        if made is None:
            return ""
        made.write()
        return made.file.stem

    def add(self, *operations: Operation, name: str = "by_hand") -> str:
        """Write a migration with operations of the test's own."""
        graph = self.graph()
        made = draft(graph, graph.packages[0], operations, name=name)
        made.write()
        return made.file.stem

    def write(self, name: str, text: str) -> Path:
        self.path.mkdir(exist_ok=True)
        file = self.path / f"{name}.py"
        file.write_text(text, encoding="utf-8")
        return file

    def migrator(self, database: Database, **options: Any) -> Migrator:
        return Migrator(database, self.graph(), patience=IMPATIENT, **options)


async def real(database: Database) -> Facts:
    """What the database has."""
    return await describe(database, database.dialect)


async def fresh(database: Database, *models: type[Model]) -> Facts:
    """What it would have if the models' tables were made in an empty one."""
    return await describe_state(read_models(models), database)
