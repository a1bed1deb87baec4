"""Fixtures for every test: nothing here but what keeps tests apart from each other and the machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

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
    "WEB_CONCURRENCY",
)


@pytest.fixture(autouse=True)
def _without_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SITE_SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def services_required() -> bool:
    """Whether a missing service, browser or program is a failure instead of a skip (so in CI)."""
    return os.environ.get("BISTRO_REQUIRE_SERVICES") == "1"


@pytest.fixture
def chromium(services_required: bool) -> str:
    """The path of an installed Chromium; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if services_required:
            pytest.fail("no Chromium is installed, and BISTRO_REQUIRE_SERVICES=1")
        pytest.skip("no Chromium is installed")
    return found
