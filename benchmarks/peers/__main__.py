"""Bistro beside Django, Flask, FastAPI and others, and beside the limits of servers, on the same routes.

One worker on the first core, the load on the second; peers take turns in every round, and the median
counts. The server's CPU time per request decides: requests a second vary by half on a shared machine.
Needs Linux, wrk and taskset; installs the peers once, into `benchmarks/.peers`.

    ./run bench peers [--peers NAME ...] [--cases NAME ...] [--rounds 3] [--seconds 2] [--write]
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.cases import ALL_CASES, DATABASE_CASES, write_files
from benchmarks.peers.environment import find_python
from benchmarks.peers.measure import find_fault, measure
from benchmarks.peers.process import Served, start
from benchmarks.peers.report import Figures, put_into_results, write_report
from benchmarks.peers.table import PEERS, Peer
from benchmarks.peers.world import make_worlds

STARTS = 3


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; with --write also into RESULTS.md."""
    options = _read_options(arguments)
    if options.list:
        sys.stdout.write("".join(f"{name}\n" for name in PEERS))
        return 0
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        sys.stderr.write(f"This benchmark needs {' and '.join(missing)}.\n")
        return 2
    # So that the servers are ended as well when something ends this.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    chosen = [PEERS[name] for name in options.peers or PEERS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx serves files as another user
        write_files(folder / "files")
        with make_worlds(folder) as databases:
            section = run(chosen, options.cases, options.rounds, options.seconds, folder, databases)
    sys.stdout.write(section + "\n")
    if options.write:
        put_into_results(section)
    return 0


def run(
    chosen: list[Peer],
    cases: list[str],
    rounds: int,
    seconds: int,
    folder: Path,
    databases: Mapping[str, str] | None = None,
) -> str:
    """Start all, check all, measure all in turns; the section for the results."""
    starts: dict[str, list[float]] = {}
    servers: list[Served] = []
    try:
        for peer in chosen:
            served = _start_peer(peer, starts, folder, databases or {})
            if served is not None:
                servers.append(served)
        work = [(served, case) for case in cases for served in servers if _is_fit(served, case)]
        figures: Figures = {served.peer.name: {} for served in servers}
        for number in range(rounds):
            sys.stderr.write(f"round {number + 1} of {rounds} ...\n")
            for served, case in work:
                try:
                    sample = measure(served, case, seconds, folder)
                except RuntimeError as error:
                    _tell(served.peer, case, str(error))
                else:
                    figures[served.peer.name].setdefault(case, []).append(sample)
        memory = {served.peer.name: served.memory_mebibytes() for served in servers}
    finally:
        for served in servers:
            served.ask_to_stop()
        for served in servers:
            served.stop()
    settings = f"Medians of {rounds} interleaved rounds of {seconds} s with wrk, 64 connections."
    return write_report(figures, starts, memory, settings)


def _start_peer(
    peer: Peer, starts: dict[str, list[float]], folder: Path, databases: Mapping[str, str]
) -> Served | None:
    if peer.database and peer.database not in databases:
        _tell(peer, "start", f"no {peer.database} answers here")
        return None
    if peer.interpreter == "system":
        python, is_there = None, shutil.which(peer.command[0]) is not None
    else:
        python = find_python(peer.interpreter)
        is_there = python is not None
    if not is_there:
        _tell(peer, "start", f"this machine has no {peer.command[0] if python is None else peer.interpreter}")
        return None
    served = None
    for _ in range(STARTS):
        if served is not None:
            served.stop()
        try:
            served = start(peer, python, folder, databases)
        except RuntimeError as error:
            _tell(peer, "start", str(error))
            return None
        starts.setdefault(peer.name, []).append(served.start_milliseconds)
    return served


def _is_fit(served: Served, case: str) -> bool:
    if case in served.peer.lacks or (case in DATABASE_CASES) != bool(served.peer.database):
        return False
    fault = find_fault(served, case)
    if fault:
        _tell(served.peer, case, fault)
    return not fault


def _tell(peer: Peer, case: str, fault: str) -> None:
    sys.stderr.write(f"left out: {peer.name}, {case}: {fault}\n")


def _read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench peers", description="Bistro beside its peers.")
    parser.add_argument("--list", action="store_true", help="print the names of the peers")
    parser.add_argument("--peers", nargs="+", choices=PEERS, metavar="NAME", help="by default all")
    parser.add_argument("--cases", nargs="+", choices=ALL_CASES, default=list(ALL_CASES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each case in each round")
    parser.add_argument("--write", action="store_true", help="put the section into benchmarks/RESULTS.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
