"""The notes site as it starts for a user: imported anew, on the database that TEST_DATABASE_URL names."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bistro import App
from bistro.app.setup import ModelPackage
from bistro.db import Database
from bistro.ground import assume_testing
from bistro.plugins.database.migrations import apply_all

MIGRATIONS = Path(__file__).resolve().parents[2] / "examples" / "notes" / "migrations"


def load_notes_site(url: str, monkeypatch: pytest.MonkeyPatch) -> App:
    """The app of `examples/notes`, whose database is at `url` and has its tables."""
    monkeypatch.setenv("TEST_DATABASE_URL", url)
    monkeypatch.delitem(sys.modules, "examples.notes.app", raising=False)
    assume_testing()
    app: App = importlib.import_module("examples.notes.app").app
    packages = app.freeze().registered.model_packages
    with ThreadPoolExecutor(1) as pool:  # Playwright has an event loop in this thread
        pool.submit(asyncio.run, _migrate(url, packages)).result()
    return app


async def _migrate(url: str, packages: Sequence[ModelPackage]) -> None:
    async with Database(url) as database:
        await apply_all(database, MIGRATIONS.parent, packages)
