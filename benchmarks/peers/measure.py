"""Ask a server for one case: first whether its answer is right, then how much it costs."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.cases import CASES, IDLE, WEBSOCKET, WRONG_ITEM, Case
from benchmarks.peers.environment import ROOT
from benchmarks.peers.process import Served
from benchmarks.peers.sockets import open_idle

IDLE_SOCKETS = 1000
WEBSOCKETS = 64
_LATENCIES = re.compile(r"(50|99)%\s+([\d.]+)(us|ms|s)")


@dataclass(frozen=True)
class Sample:
    """One round of one case: CPU time of the server for each request, requests a second, latencies."""

    microseconds: float
    per_second: float = 0.0
    p50_milliseconds: float = 0.0
    p99_milliseconds: float = 0.0


def find_fault(served: Served, name: str) -> str:
    """What is wrong with the peer's answer to the case; empty where it does the same work as all others."""
    if name == IDLE:
        return ""
    if name == WEBSOCKET:
        try:
            return "" if _count_echoes(served, 0.2) else "no message came back"
        except RuntimeError as error:
            return str(error)
    case = CASES[name]
    status, body = _ask(served.port, case, case.body)
    if status != 200 or not case.is_right(body):
        return f"{status} {body[:80]!r}"
    # Limits have no answer to errors; that is a part of why they are limits.
    if (
        name == "items"
        and served.peer.kind != "limit"
        and not 400 <= _ask(served.port, case, WRONG_ITEM)[0] < 500
    ):
        return "a wrong body is not refused"
    return ""


def measure(served: Served, name: str, seconds: int, folder: Path) -> Sample:
    """One burst of requests. Raises RuntimeError where some were not answered with 2xx."""
    if name == IDLE:
        return _measure_idle(served)
    before, started = served.cpu_seconds(), time.perf_counter()
    if name == WEBSOCKET:
        count = _count_echoes(served, seconds)
        spent = served.cpu_seconds() - before
        return Sample(spent / count * 1e6, count / (time.perf_counter() - started))
    return _load(served, CASES[name], seconds, folder)


def _load(served: Served, case: Case, seconds: int, folder: Path) -> Sample:
    script = folder / f"{case.name}.lua"
    script.write_text(case.to_lua())
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--latency"]
    before = served.cpu_seconds()
    output = subprocess.run(
        [*command, "-s", str(script), f"http://127.0.0.1:{served.port}{case.path}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    spent = served.cpu_seconds() - before
    found = re.search(r"(\d+) requests in ([\d.]+)(m?s)", output)
    count = int(found[1]) if found else 0
    if not found or not count or "Non-2xx" in output:
        raise RuntimeError(output)
    latencies = {
        key: _milliseconds(*pair) for key, *pair in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", output)
    }
    return Sample(spent / count * 1e6, count / seconds, latencies["50"], latencies["99"])


def _measure_idle(served: Served) -> Sample:
    """KiB of memory for each idle connection, in the place of microseconds."""
    before = served.memory_mebibytes()
    opened = open_idle(served.port, IDLE_SOCKETS)
    try:
        return Sample((served.memory_mebibytes() - before) * 1024 / IDLE_SOCKETS)
    finally:
        for connection in opened:
            connection.close()


def _count_echoes(served: Served, seconds: float) -> int:
    command = ["taskset", "-c", "1", sys.executable, "-m", "benchmarks.peers.sockets"]
    arguments = [str(served.port), str(seconds), str(WEBSOCKETS)]
    ended = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr.strip().rpartition("\n")[2])
    return int(ended.stdout)


def _ask(port: int, case: Case, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(case.method, case.path, body or None, dict(case.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _milliseconds(number: str, unit: str) -> float:
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
