"""Bistro on the servers of others against an application written by hand for the same server.

As `./run bench http`, on uvicorn (ASGI) and granian (RSGI): the kinds take turns in every round, and
the CPU time of all processes of a server decides. Needs Linux and wrk.

    ./run bench adapters [--rounds 5] [--seconds 2] [--cases json,items]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.http import ROOT, Served, load, wait_for_server

UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "error", "--lifespan", "off", "--port"]
GRANIAN = ["-m", "granian", "--no-access-log", "--log-level", "error", "--interface", "rsgi", "--port"]
COMMANDS = {
    "ASGI by hand": (UVICORN, "raw_asgi"),
    "ASGI, `def` in place": (UVICORN, "sync_app"),
    "ASGI, `async def`": (UVICORN, "async_app"),
    "RSGI by hand": (GRANIAN, "raw_rsgi"),
    "RSGI, `def` in place": (GRANIAN, "sync_app"),
    "RSGI, `async def`": (GRANIAN, "async_app"),
}
WANTED = {"ASGI": 0.93, "RSGI": 0.95}
CASES = ("json", "plaintext", "params", "items")


class ServedByOthers(Served):
    """A server that may have workers: all processes of its session count."""

    def cpu_seconds(self) -> float:
        """User and system time of all processes of the session."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if int(fields[3]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def start_server(kind: str, port: int) -> Served:
    """Start one kind on the first core and wait until it answers."""
    options, name = COMMANDS[kind]
    command = ["taskset", "-c", "0", sys.executable, *options, str(port), f"benchmarks.adapter_apps:{name}"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    served = ServedByOthers(kind, port, process)
    wait_for_server(served)
    return served


def measure(rounds: int, seconds: int, cases: list[str]) -> list[Served]:
    """All servers, with what each took."""
    servers: list[Served] = []
    try:
        servers += [start_server(kind, 9200 + number) for number, kind in enumerate(COMMANDS)]
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rounds):
                for case in cases:
                    for served in servers:
                        load(served, case, seconds, Path(folder))
    finally:
        for served in servers:
            os.killpg(served.process.pid, signal.SIGTERM)
            served.process.wait(15)
    return servers


def report(servers: list[Served], cases: list[str]) -> str:
    """The figures as a Markdown table, what was wanted beside what was measured."""
    lines = [
        "| case | kind | µs of CPU, median | least | share by median | share by least | wanted |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    by_hand = {served.kind[:4]: served for served in servers if served.kind.endswith("by hand")}
    for case in cases:
        for served in servers:
            limit, own = by_hand[served.kind[:4]].microseconds[case], served.microseconds[case]
            wanted = "" if served.kind.endswith("by hand") else f"≥ {WANTED[served.kind[:4]]:.2f}"
            by_median = statistics.median(limit) / statistics.median(own)
            lines.append(
                f"| {case} | {served.kind} | {statistics.median(own):.2f} | {min(own):.2f} | "
                f"{by_median:.2f} | {min(limit) / min(own):.2f} | {wanted} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Bistro on the servers of others.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(CASES))
    options = parser.parse_args()
    print(report(measure(options.rounds, options.seconds, options.cases), options.cases))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
