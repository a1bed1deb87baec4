"""The table of sessions comes by a migration of the plugin, and only to sites that keep them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from bistro import App
from bistro.plugins import Database, DatabaseSessions, Session, Sessions
from bistro.testing import Client

app = App(Database(), Sessions({store}), defaults=False)

@app.get("/")
async def count(session: Session) -> int:
    session["visits"] = session.get("visits", 0) + 1
    return session["visits"]

if __name__ == "__main__":
    with Client(app) as client:
        print(*[client.get("/").json() for _ in range(3)])
"""


def run(folder: Path, *command: str) -> str:
    env = {**os.environ, "BISTRO_ENV": "development"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_sessions_are_kept_once_the_site_has_migrated(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP.format(store="DatabaseSessions()"))
    assert "sessions:0001_first" in run(tmp_path, "-m", "bistro", "db", "migrate")
    assert run(tmp_path, "app.py") == "1 2 3\n"
    run(tmp_path, "-m", "bistro", "db", "check")
    assert "sessions removed: 0" in run(tmp_path, "-m", "bistro", "purge-sessions")


@pytest.mark.slow
def test_a_site_that_keeps_them_elsewhere_gets_no_table(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP.format(store=""))
    run(tmp_path, "-m", "bistro", "db", "make", "first")
    assert not (tmp_path / "migrations").exists()
    assert "sessions" not in run(tmp_path, "-m", "bistro", "db", "status")
