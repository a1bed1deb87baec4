"""F268: whoever installs Bistro has its pytest fixtures, without a line in `conftest.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.link_checkout import link

APP = """
from bistro import App

app = App()
app.on_start(lambda: print("started"))

@app.get("/")
async def hello() -> str:
    return "hello"
"""
TESTS = """
import urllib.request
from datetime import timedelta

from app import app as the_app


def test_app(app):
    assert app is the_app


def test_client(client):
    assert client.get("/").text == "hello"


def test_live_server(live_server):
    with urllib.request.urlopen(live_server.url + "/") as answer:
        assert answer.read() == b"hello"


def test_clock(clock):
    before = clock.now()
    clock.advance(60)
    assert clock.now() - before == timedelta(minutes=1)
"""
OTHER_APP = """
import pytest

from bistro import App


@pytest.fixture
def app():
    app = App()

    @app.get("/")
    async def other() -> str:
        return "another app"

    return app


def test_own_app_is_what_the_others_use(client):
    assert client.get("/").text == "another app"
"""


@pytest.fixture
def environment(root: Path, tmp_path: Path) -> dict[str, str]:
    """That of a project in which Bistro is installed."""
    site = tmp_path / "site-packages"
    site.mkdir()
    link(root, site, site)
    return {"PATH": os.defpath, "PYTHONPATH": f"{site}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}


def run_pytest(folder: Path, environment: dict[str, str], tests: str) -> subprocess.CompletedProcess[str]:
    project = folder / "project"
    project.mkdir()
    (project / "app.py").write_text(APP, encoding="utf-8")
    (project / "test_site.py").write_text(tests, encoding="utf-8")
    (project / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
def test_fixtures_are_there_and_test_the_app_of_the_project(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    done = run_pytest(tmp_path, environment, TESTS)

    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_project_may_define_the_app_under_test_itself(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run_pytest(tmp_path, environment, OTHER_APP)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
