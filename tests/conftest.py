"""Fixtures for every test: nothing here but what keeps tests apart from each other and the machine."""

from __future__ import annotations

import compileall
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.timing import find_growth

ROOT = Path(__file__).resolve().parent.parent

# What a developer's own shell may set, and what would change how a site under test behaves (C6).
SITE_SETTINGS = (
    "BISTRO_ENV",
    "DATABASE_URL",
    "DEBUG",
    "ENV",
    "FORCE_COLOR",
    "HOST",
    "LOG_LEVEL",
    "NO_COLOR",
    "PORT",
    "SECRET_KEY",
    "TEST_DATABASE_URL",
    "TEST_MIGRATIONS",
    "WEB_CONCURRENCY",
)

# What a run keeps for the next one would make tests depend on each other. Those of it name a folder.
os.environ["BISTRO_CACHE"] = "off"

# Whoever runs the tests behind a closed terminal (nohup) has this ignored, and so would every process
# that a test starts: none of them would hear that it shall serve anew.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


# How long an example takes, and how long one takes to make, tells how busy the machine is. What time
# something may take is asked by tests that are `timed`.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: where bytecode is not written, each process that a test starts would do it."""
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist comes after the one that started it
        compileall.compile_dir(ROOT / "bistro", quiet=2)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a test that measures a time again when it fails: a defect misses its figure each time.

    Another process that had the processor for a moment makes one run miss it. What was run again is
    counted in pytest's closing line.
    """
    for item in items:
        is_timed = "assert_linear" in getattr(item, "fixturenames", ())
        if is_timed:
            item.add_marker(pytest.mark.timed)
        if item.get_closest_marker("timed") is not None:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def _without_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SITE_SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's sites open the very databases that they name: the test has made them for this."""
    monkeypatch.setenv("ENV", "production")


@pytest.fixture
def assert_linear() -> Callable[..., None]:
    """Assert that `function(make(100 kB))` costs at most 50 ms, and 2.6 times what the half costs."""

    def check(*arguments: object, **options: float) -> None:
        wrong = find_growth(*arguments, **options)  # type: ignore[arg-type]
        if wrong is not None:
            pytest.fail(wrong)

    return check


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def services_required() -> bool:
    """Whether a missing service, browser or program is a failure instead of a skip (so in CI)."""
    return os.environ.get("BISTRO_REQUIRE_SERVICES") == "1"


@pytest.fixture(scope="session")
def chromium(services_required: bool) -> str:
    """The path of an installed Chromium; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if services_required:
            pytest.fail("no Chromium is installed, and BISTRO_REQUIRE_SERVICES=1")
        pytest.skip("no Chromium is installed")
    return found


# Any: `playwright` is imported late, as few tests have a browser.
@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    """A browser, closed when the test ends."""
    from tests.browsers import open_browser

    with open_browser(chromium) as made:
        yield made
