"""C7: logs to standard output; JSON lines outside a terminal, with ts, level, event, ids, method, path, status, ms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.features.test_f086_log_without_configuration import PROGRAM


def test_c07_lines_outside_a_terminal_are_json_with_these_fields(tmp_path: Path) -> None:
    folder = str(Path(__file__).resolve().parent.parent.parent)
    program = PROGRAM.replace('client.get("/")', 'client.get("/", headers={"traceparent": TRACE})')
    trace = 'TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"\n'
    done = subprocess.run(
        [sys.executable, "-c", trace + program],
        env={"PATH": "/usr/bin", "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"ts", "level", "event", "request_id", "trace_id", "method", "path", "status", "ms"} <= set(
        lines[-1]
    )
    assert {line["trace_id"] for line in lines} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert done.stderr == ""
