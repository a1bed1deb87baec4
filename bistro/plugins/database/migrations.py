"""Migrations of a site while it is tested or worked on; in production nothing here is called."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bistro.app import ModelPackage
from bistro.db import Database
from bistro.ground import get_logger

FOLDER = "migrations"


async def apply_all(
    database: Database, folder: Path, packages: Iterable[ModelPackage], *, name: str = ""
) -> None:
    """Bring a database for tests, which is empty, to where the migrations lead.

    `name` is that of another database than the site's own. `TEST_MIGRATIONS` names the folder of
    other migrations than the site has: those of its next release, to see whether the code bears them.
    """
    found = list(packages)
    own = Path(os.environ.get("TEST_MIGRATIONS") or folder / FOLDER) / name
    if not (found or _is_there(own)):
        return
    # Imported late, here and below: a site in production never loads it.
    from bistro.migrations import SITE, Graph, Migrator, Package

    brought = [Package(each.name, each.folder) for each in found]
    await Migrator(database, Graph([*brought, Package(name or SITE, own)])).migrate()


async def tell_pending(
    database: Database, folder: Path, packages: Iterable[ModelPackage], *, name: str = ""
) -> int:
    """Say in the log how many migrations are to be applied, or what is wrong with them; the number."""
    found = list(packages)
    own = folder / FOLDER / name
    if not (found or _is_there(own)):
        return 0
    from bistro.migrations import SITE, Graph, MigrationError, Migrator, Package

    brought = [Package(each.name, each.folder) for each in found]
    log = get_logger("bistro.db")
    try:
        pending = await Migrator(database, Graph([*brought, Package(name or SITE, own)])).list_pending()
    except MigrationError as error:
        log.warning("migrations are wrong", code=error.code, what=error.what, fix=error.fix)
        return 0
    if pending:
        how = f"bistro db --database {name} migrate" if name else "bistro db migrate, or m and Enter here"
        log.warning("migrations to apply", count=len(pending), run=how)
    return len(pending)


def _is_there(folder: Path) -> bool:
    return folder.is_dir()
