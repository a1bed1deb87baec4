"""The figures as Markdown, and their place in `benchmarks/RESULTS.md`."""

from __future__ import annotations

import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers.cases import CASES, DATABASE_CASES, IDLE, WEBSOCKET
from benchmarks.peers.environment import read_versions
from benchmarks.peers.measure import Sample
from benchmarks.peers.table import PEERS

RESULTS = Path(__file__).parent.parent / "RESULTS.md"
BEGIN, END = "<!-- peers: begin (written by ./run bench peers) -->", "<!-- peers: end -->"
BASE = "bistro"
VERSIONS = (
    "asyncpg", "blacksheep", "django", "emmett", "falcon", "fastapi", "flask", "granian", "gunicorn",
    "litestar", "psycopg", "pyramid", "robyn", "sanic", "sqlalchemy", "starlette",
    "tornado", "uvicorn", "uvloop",
)  # fmt: skip

Figures = dict[str, dict[str, list[Sample]]]
"""Peer, case, one sample for each round."""


def write_report(
    figures: Figures, starts: dict[str, list[float]], memory: dict[str, float], settings: str
) -> str:
    """The whole section."""
    with_database = {name: by_case for name, by_case in figures.items() if PEERS[name].database}
    figures = {name: by_case for name, by_case in figures.items() if name not in with_database}
    cases = list(dict.fromkeys(case for by_case in figures.values() for case in by_case))
    parts = [
        "## Beside the peers: `./run bench peers`",
        f"{_machine()} {settings} Each answer is checked before it is measured: the same body, and a wrong "
        "one refused. An empty cell: the peer has none, or answered wrongly. CPU time is that of the server "
        "with its children; × is how many times that of `bistro` (`async def`, no plugins) it is.",
        "### Server CPU, µs per request",
        _table(figures, cases, _cpu),
        "### Requests per second",
        _table(figures, [case for case in cases if case != IDLE], lambda name, samples: _rate(samples)),
        "### Latency with 64 connections, median and 99th percentile, ms",
        _table(
            figures,
            [case for case in cases if case not in (IDLE, WEBSOCKET)],
            lambda name, samples: _latency(samples),
        ),
        "### Start to first answer, and memory after the load",
        _costs(starts, memory),
        *_tell_of_databases(with_database),
        "### What is wanted: the CPU time of the first as a multiple of the second's",
        _wishes(figures | with_database),
    ]
    return "\n\n".join(part for part in parts if part)


def _tell_of_databases(figures: Figures) -> list[str]:
    """TechEmpower's cases: a row by its key, twenty of them, and twenty changed."""
    if not figures:
        return []
    cases = [case for case in CASES if case in DATABASE_CASES]
    return [
        "### With a database: server CPU, µs per request (the database's own is not in it)",
        _table(figures, cases, _cpu),
        "### With a database: requests per second",
        _table(figures, cases, lambda name, samples: _rate(samples)),
    ]


def put_into_results(section: str, path: Path = RESULTS) -> None:
    """Put the section into the file, in the place of the last one."""
    text = path.read_text()
    block = f"{BEGIN}\n{section}\n{END}\n"
    if BEGIN in text:
        head, _, rest = text.partition(BEGIN)
        text = head + block + rest.partition(END + "\n")[2]
    else:
        text = f"{text.rstrip()}\n\n{block}"
    path.write_text(text)


def _table(figures: Figures, cases: list[str], cell) -> str:
    if not cases:
        return ""
    lines = ["| | " + " | ".join(_title(case) for case in cases) + " |", "|---|" + "---:|" * len(cases)]
    for name, by_case in figures.items():
        base_name = PEERS[name].against if PEERS[name].database else BASE
        base = figures.get(base_name, {})
        cells = []
        for case in cases:
            samples = by_case.get(case)
            text = cell(name, samples) if samples else ""
            if samples and cell is _cpu and name != base_name and base.get(case) and _cost(base[case]) > 0:
                text += f" ({_cost(samples) / _cost(base[case]):.1f} ×)"
            cells.append(text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _title(case: str) -> str:
    return "idle socket, KiB" if case == IDLE else case


def _cpu(name: str, samples: list[Sample]) -> str:
    return f"{_cost(samples):,.1f}"


def _cost(samples: list[Sample]) -> float:
    return statistics.median(sample.microseconds for sample in samples)


def _rate(samples: list[Sample]) -> str:
    return f"{statistics.median(sample.per_second for sample in samples):,.0f}"


def _latency(samples: list[Sample]) -> str:
    p50 = statistics.median(sample.p50_milliseconds for sample in samples)
    return f"{p50:.1f} / {statistics.median(sample.p99_milliseconds for sample in samples):.1f}"


def _costs(starts: dict[str, list[float]], memory: dict[str, float]) -> str:
    lines = ["| | ms | MiB (PSS) |", "|---|---:|---:|"]
    lines += [
        f"| {name} | {statistics.median(times):,.0f} | {memory.get(name, 0):.0f} |"
        for name, times in starts.items()
    ]
    return "\n".join(lines)


def _wishes(figures: Figures) -> str:
    lines = ["| | against | case | measured | wanted | |", "|---|---|---|---:|---:|---|"]
    for name, by_case in figures.items():
        peer = PEERS[name]
        base = figures.get(peer.against, {})
        for case, wanted in peer.wanted.items():
            if case in by_case and case in base:
                ratio = _cost(by_case[case]) / _cost(base[case])
                verdict = "met" if ratio >= wanted else "missed"
                lines.append(
                    f"| {name} | {peer.against} | {case} | {ratio:.2f} × | ≥ {wanted:g} × | {verdict} |"
                )
    return "\n".join(lines) if len(lines) > 2 else ""


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{datetime.now(UTC):%B %Y}; {model}, {os.cpu_count()} cores, Linux, loopback; "
        f"CPython {platform.python_version()}; {read_versions('peers', VERSIONS)}."
    )
