"""F285: workers are supervised by Bistro's own command: replaced when they die, and for new code."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cli.processes import Running, children_of, fetch, fetch_until, moments

pytestmark = pytest.mark.slow

SITE = 'from bistro import App\napp = App()\n@app.get("/")\nasync def version() -> str:\n    return "first"\n'


def test_f285_workers_that_die_are_replaced_and_sighup_brings_new_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    env = {"ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}
    with Running(["run", "--port", "0", "--workers", "2"], tmp_path, env) as running:
        port = running.wait_until_serving()
        killed = children_of(running.process.pid)[0]
        os.kill(killed, signal.SIGKILL)
        assert any(len(set(children_of(running.process.pid)) - {killed}) == 2 for _ in moments())
        (tmp_path / "app.py").write_text(SITE.replace("first", "the second"))
        running.signal(signal.SIGHUP)
        fetch_until(port, "the second")
        assert fetch(port)[0] == 200
