"""F86: a sensible development log without configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging
from bistro import App
from bistro.testing import Client

app = App()

@app.get("/")
async def hello() -> str:
    logging.getLogger("shop").info("sold %d cakes", 3)
    return "hello"

with Client(app) as client:
    client.get("/")
"""


def test_f086_a_request_and_what_is_logged_in_it_can_be_read_on_the_terminal(tmp_path: Path) -> None:
    env = {"LOG_FORMAT": "console", "PATH": "/usr/bin"}
    folder = str(Path(__file__).resolve().parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**env, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    sold, request = done.stdout.splitlines()
    assert "sold 3 cakes" in sold
    assert "request_id=" in sold
    assert "method=GET path=/ status=200" in request
