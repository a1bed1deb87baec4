"""An app that is run by its own file."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

CODE = """
from bistro import App
app = App()
app.get("/")(lambda: "run by itself")
raise SystemExit(app.run(port=0))
"""


def test_an_app_serves_by_its_run_call_until_it_is_told_to_stop(tmp_path: Path, root: Path) -> None:
    (tmp_path / "site.py").write_text(CODE)
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-P", "site.py"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr is not None
        address = re.search(r"http://\S+", process.stderr.readline())
        assert address is not None
        assert urllib.request.urlopen(address[0], timeout=10).read() == b"run by itself"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
