"""F97: queries are async from the handler to the driver; no thread is begun for them."""

from __future__ import annotations

import threading
from pathlib import Path

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database
from bistro.testing import Client


def test_a_query_runs_in_the_thread_of_the_event_loop(tmp_path: Path) -> None:
    app = App(Database(f"sqlite:///{tmp_path / 'site.db'}"), defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> dict[str, object]:
        before = set(threading.enumerate())
        rows = await database.fetch("select 1 + 1")
        return {"sum": rows[0][0], "new threads": len(set(threading.enumerate()) - before)}

    with Client(app) as client:
        assert client.get("/").json() == {"sum": 2, "new threads": 0}
