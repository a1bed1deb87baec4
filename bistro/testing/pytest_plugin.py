"""Fixtures for pytest: `app`, `client`, `database`, `mailbox`, `live_server`, `clock`.

`app` is what the ini option `bistro_app` names; without it what `[tool.bistro] app` in pyproject.toml
names, as for the command `bistro`; else `app:app`. A project whose tests need another one defines its
own fixture `app`, and the others use that.

pytest loads this file in every environment where Bistro is installed. It takes everything by way of
`bistro.testing`, whose names are loaded at their first use: a run that needs none of them neither
waits for Bistro, nor loses its lines from a coverage measurement that starts later.
"""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bistro import testing

if TYPE_CHECKING:
    from bistro.db import Database
    from bistro.ground.types import Application

OPTION = "bistro_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option `bistro_app`."""
    parser.addini(OPTION, "the application under test, as module:name", default="")


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001 - pytest's own signature
    """Let every site that is imported from here on be one under test, unless `ENV` says otherwise."""
    # The rule of `assume_testing`, whose module must not be loaded here; ENV may name a file of the shell.
    if "/" in (os.environ.get("ENV") or "/"):
        os.environ.setdefault("BISTRO_ENV", "testing")


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Application:
    """The application that the ini option `bistro_app` names; define a fixture `app` to test another."""
    root = request.config.rootpath
    return load_app(str(request.config.getini(OPTION)) or find_name(root), root)


@pytest.fixture
def client(app: Application) -> Iterator[testing.Client]:
    """A test client for `app`, which is started for the test and stopped after it."""
    with testing.Client(app) as client:
        yield client


@pytest.fixture
def database(client: testing.Client) -> Iterator[Database]:
    """The database of `app`; everything that the test and the site do in it is undone after the test."""
    with testing.rolled_back_in(client) as database:
        yield database


@pytest.fixture
def mailbox(client: testing.Client) -> testing.Mailbox:
    """The mails that `app` sends during the test: `mailbox.messages`."""
    return testing.Mailbox(client)


@pytest.fixture
def live_server(app: Application) -> Iterator[testing.LiveServer]:
    """`app` on a free port of 127.0.0.1; `live_server.url` tells which."""
    with testing.LiveServer(app) as server:
        yield server


@pytest.fixture
def clock() -> testing.FakeClock:
    """A clock that stands still until the test calls `clock.advance(seconds)`."""
    return testing.FakeClock()


def find_name(root: Path) -> str:
    """What `[tool.bistro] app` in pyproject.toml names, as module:name; `app:app` where nothing is said.

    Raises pytest.UsageError where the file can't be read.
    """
    file = root / "pyproject.toml"
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"{file} can't be read: {error}") from None
    named = tool.get("bistro", {}).get("app")
    if not isinstance(named, str):
        return "app:app"
    # The command takes files as well: shop/app.py:app.
    place, _, attribute = named.partition(":")
    return f"{place.removesuffix('.py').replace('/', '.')}:{attribute or 'app'}"


def load_app(name: str, root: Path) -> Application:
    """The application at `module:name`, looked for in `root` first. Raises pytest.UsageError."""
    module_name, _, attribute = name.partition(":")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # Only that this very module is missing is the option's fault; other errors show themselves.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise pytest.UsageError(_advice(f"there is no module {module_name} in {root}")) from None
    try:
        found: Application = getattr(module, attribute or "app")
    except AttributeError:
        raise pytest.UsageError(_advice(f"{module_name} has no {attribute or 'app'}")) from None
    return found


def _advice(what: str) -> str:
    return (
        f'{what}.\nName your application in the configuration of pytest ({OPTION} = "package.module:app")'
        " or define a fixture `app` in conftest.py."
    )
