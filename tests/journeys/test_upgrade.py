"""A new version of the framework, in a site that has accounts: no file of the project changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bistro

pytestmark = pytest.mark.slow
PACKAGE = Path(bistro.__file__).parent
APP = """
from bistro import App
from bistro.db import Field, Model, auto
from bistro.plugins import Accounts, Database
from bistro.plugins.accounts import ApiTokens, User
from bistro.plugins.accounts.passkeys import Passkeys
from bistro.plugins.accounts.two_factor import TwoFactor

app = App(Database(), Accounts(methods=[TwoFactor(), Passkeys(), ApiTokens({"*": "Everything"})]))


class Note(Model):
    id: Field[int] = auto()
    text: Field[str]


@app.get("/")
async def show(user: User) -> str:
    return user.email
"""
LOG_IN = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from app import app
from bistro.testing import Client

with Client(app) as client:
    page = client.get("/accounts/log-in", headers={"accept": "text/html"}).text
    fields = {"login": "ann@example.com", "password": "a quiet harbour"}
    client.post("/accounts/log-in", data=fields, headers={"accept": "text/html"})
    print(client.get("/").text, "Earlier" in page)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The package as it was before events had an index, with another heading on a page."""
    folder = tmp_path / "earlier"
    accounts = folder / "bistro" / "plugins" / "accounts"
    shutil.copytree(PACKAGE, folder / "bistro", ignore=shutil.ignore_patterns("__pycache__"))
    (accounts / "migrations" / "0002_index_events_by_time.py").unlink()
    replace(accounts / "events.py", "at: Field[datetime] = auto(index=True)", "at: Field[datetime] = auto()")
    replace(accounts / "templates" / "accounts" / "log_in.html", "<button>Log in", "<button>Earlier log in")
    return folder


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} has no {old!r} any more"
    file.write_text(text.replace(old, new))


def run(package: Path, project: Path, *arguments: str, given: str = "") -> str:
    """What Python says in the project with this version of the framework."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(package), "ENV": "development", "PYTHONDONTWRITEBYTECODE": "1"},
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def tree_of(folder: Path) -> dict[str, str]:
    """Hashes of the project's files; not of the database and what is kept beside it."""
    files = (each for each in folder.rglob("*") if each.is_file())
    return {
        name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
        if not (name := each.relative_to(folder).as_posix()).startswith((".bistro/", "bistro.sqlite3"))
    }


def test_upgrade_changes_no_file_of_a_project_with_accounts(project: Path, earlier: Path) -> None:
    now = PACKAGE.parent
    run(earlier, project, "-m", "bistro", "db", "make")
    run(earlier, project, "-m", "bistro", "db", "migrate")
    run(earlier, project, "-m", "bistro", "create-user", "ann@example.com", given="a quiet harbour\n")
    assert "ann@example.com True" in run(earlier, project, "-c", LOG_IN)
    before = tree_of(project)
    assert "0002_index_events_by_time" in run(now, project, "-m", "bistro", "db", "migrate")
    assert "ann@example.com False" in run(now, project, "-c", LOG_IN)
    assert "nothing" in run(now, project, "-m", "bistro", "db", "make").lower()
    run(now, project, "-m", "bistro", "check")
    assert tree_of(project) == before
    assert set(before) == {"app.py", "migrations/0001_first.py"}
