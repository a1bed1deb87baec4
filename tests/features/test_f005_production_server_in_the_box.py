"""F5: a production HTTP server in the box: workers, graceful stop, no second package."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.processes import Running, children_of, fetch

pytestmark = pytest.mark.slow

SITE = """
import sys

from bistro import App

app = App()

@app.get("/")
async def others() -> list[str]:
    return [name for name in ("uvicorn", "granian", "hypercorn", "gunicorn") if name in sys.modules]
"""


def test_f005_one_command_serves_production_with_workers_and_stops_in_order(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    env = {"ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}
    with Running(["run", "--port", "0", "--workers", "2"], tmp_path, env) as running:
        port = running.wait_until_serving()
        assert len(children_of(running.process.pid)) == 2
        assert fetch(port) == (200, "[]")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
