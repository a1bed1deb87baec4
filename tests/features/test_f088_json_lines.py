"""F88: one switch to JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.features.test_f086_log_without_configuration import PROGRAM


def test_f088_one_variable_turns_every_line_into_json(tmp_path: Path) -> None:
    folder = str(Path(__file__).resolve().parent.parent.parent)
    env = {"LOG_FORMAT": "json", "PATH": "/usr/bin", "PYTHONPATH": folder}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    sold, request = [json.loads(line) for line in done.stdout.splitlines()]
    assert sold["event"] == "sold 3 cakes"
    assert request["status"] == 200
    assert sold["request_id"] == request["request_id"]
