"""F93: the environment sets the level of the log, and that of single loggers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SITE = """
import logging

from bistro import App
from bistro.ground import get_logger
from bistro.testing import Client

app = App()

@app.get("/")
async def index() -> str:
    for name in ("shop", "shop.mail", "library"):
        logger = get_logger(name) if name != "library" else logging.getLogger(name)
        for level in ("debug", "info", "warning"):
            getattr(logger, level)("noted")
    return ""

with Client(app) as client:
    client.get("/")
"""
QUIET = {("shop", "warning"), ("shop.mail", "warning"), ("library", "warning")}
USUAL = QUIET | {("shop", "info"), ("shop.mail", "info"), ("library", "info"), ("bistro.request", "info")}


def run_site(root: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the site of this page as a program of its own, with these variables set."""
    env = {"PATH": os.defpath, "PYTHONPATH": str(root), "LOG_FORMAT": "json", **settings}
    return subprocess.run(
        [sys.executable, "-c", SITE], env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({}, USUAL),
        ({"LOG_LEVEL": "WARNING"}, QUIET),
        ({"LOG_LEVEL": "WARNING", "LOG_LEVELS": "shop.mail=DEBUG"}, QUIET | {("shop.mail", "debug"), ("shop.mail", "info")}),
        ({"LOG_LEVELS": "shop=WARNING, library=ERROR"}, {("shop", "warning"), ("shop.mail", "warning"), ("bistro.request", "info")}),
        ({"LOG_LEVELS": "bistro.request=WARNING"}, USUAL - {("bistro.request", "info")}),
    ],
)  # fmt: skip
def test_each_logger_writes_from_its_level_on(
    root: Path, settings: dict[str, str], written: set[tuple[str, str]]
) -> None:
    lines = [json.loads(line) for line in run_site(root, **settings).stdout.splitlines()]

    noted = {(line["logger"], line["level"]) for line in lines}
    assert noted - {("asyncio", "debug")} == written


def test_level_that_does_not_exist_stops_the_start_with_a_hint(root: Path) -> None:
    done = run_site(root, LOG_LEVELS="shop=WARNNG")

    assert done.returncode != 0
    assert "Did you mean WARNING?" in done.stderr
