from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bistro.testing.pytest_plugin import find_name, load_app

ROOT = Path(__file__).parents[2]

APP = """
import asyncio

class Site:
    log = []
    def handle(self, exchange): exchange.send(200, b"", b"from the site")
    def refuse(self, status, detail, client): pass
    async def start(self): self.log.append("start")
    async def stop(self): self.log.append("stop")

app = Site()
other = Site()
"""


def run_pytest(folder: Path, test: str, *arguments: str) -> str:
    """What pytest prints for a project of one test file, with the plugin as if its entry point had been found."""
    (folder / "test_site.py").write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "bistro.testing.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            # Named above, so that it is the same whether or not this checkout is linked into the venv.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.mark.slow
def test_fixtures_serve_a_project(project):
    test = """
import urllib.request
from datetime import timedelta

def test_client(client):
    assert client.get("/").text == "from the site"
    assert client.app.log == ["start"]

def test_live_server(live_server):
    assert urllib.request.urlopen(live_server.url, timeout=10).read() == b"from the site"

def test_clock(clock):
    before = clock.now()
    clock.advance(60)
    assert clock.now() - before == timedelta(minutes=1)

def test_stopped(app):
    assert app.log == ["start", "stop"] * 2
"""
    assert "4 passed" in run_pytest(project, test)


@pytest.mark.slow
def test_own_fixture_app_replaces_the_option(project):
    test = """
import pytest, app as site

@pytest.fixture
def app():
    return site.other

def test_client(client):
    assert client.app is site.other
"""
    assert "1 passed" in run_pytest(project, test)


@pytest.mark.slow
def test_run_without_the_fixtures_imports_nothing_of_bistro_but_what_loads_the_rest(project):
    test = """
import sys

def test_nothing():
    loaded = {name for name in sys.modules if name.startswith("bistro.")}
    lazy = {"bistro.ground", "bistro.ground.lazy"}
    assert loaded <= {"bistro.testing", "bistro.testing.pytest_plugin", *lazy}, loaded
"""
    assert "1 passed" in run_pytest(project, test)


def test_option_names_module_and_attribute(project, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (project / "named_site.py").write_text("app = 1\nsite = 2\n")
    assert load_app("named_site", project) == 1
    assert load_app("named_site:site", project) == 2


@pytest.mark.parametrize(
    ("name", "what"), [("no_such_module:app", "no module"), ("json:app", "json has no app")]
)
def test_wrong_option_says_what_to_do(name, what, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(pytest.UsageError, match=what) as caught:
        load_app(name, tmp_path)
    assert "bistro_app" in str(caught.value)


def test_error_inside_the_module_is_not_hidden(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "broken_site.py").write_text("import no_such_package\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        load_app("broken_site:app", tmp_path)


def test_without_the_option_the_app_of_the_command_line_is_tested(tmp_path):
    assert find_name(tmp_path) == "app:app"
    for said, found in {
        "shop.app:site": "shop.app:site",
        "shop.app": "shop.app:app",
        "shop/app.py:site": "shop.app:site",
        "shop/app.py": "shop.app:app",
    }.items():
        (tmp_path / "pyproject.toml").write_text(f'[tool.bistro]\napp = "{said}"\n')
        assert find_name(tmp_path) == found


def test_pyproject_that_can_not_be_read_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.bistro\n")
    with pytest.raises(pytest.UsageError, match=r"pyproject\.toml can't be read"):
        find_name(tmp_path)
