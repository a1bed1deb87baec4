"""Bistro's server against the hand-written limit, over real sockets, judged by CPU time.

One worker on one core, wrk on the other, 64 connections that stay open; the kinds take turns in
every round. Requests a second vary by half on a shared machine; the server's own CPU time per
request (user and system, from /proc) varies far less, and decides. Needs Linux and wrk.

    ./run bench http [--rounds 5] [--seconds 2] [--cases json,items] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
BODY = '{"name":"Widget","price":9.99,"quantity":3,"tags":["red","large"],"active":true}'
POST_SCRIPT = f"""wrk.method = "POST"
wrk.body = '{BODY}'
wrk.headers["Content-Type"] = "application/json"
"""
PIPELINE_SIZE = 16
PIPELINE_SCRIPT = f"""init = function(args)
  local one = wrk.format(nil, wrk.path)
  requests = string.rep(one, {PIPELINE_SIZE})
end
request = function() return requests end
"""
BROWSER_HEADERS = {
    "Connection": "keep-alive",
    "Cache-Control": "max-age=0",
    "sec-ch-ua": '"Chromium";v="128", "Not;A=Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
    "Cookie": "sessionid=abcdefghijklmnop; csrftoken=0123456789abcdef",
}
PATHS = {
    "json": "/json",
    "plaintext": "/plaintext",
    "params": "/users/42/posts/hello",
    "items": "/items",
    "browser": "/json",
    "pipelined": "/plaintext",
}
SCRIPTS = {"items": POST_SCRIPT, "pipelined": PIPELINE_SCRIPT}
KINDS = ("limit", "sync", "async", "defaults")
# Case, kind, and the least share of the limit's speed that is wanted (kind's time ≥ this · limit's).
WANTED = {
    **{(case, "sync"): 0.85 for case in ("json", "plaintext", "params")},
    **{(case, "async"): 0.80 for case in ("json", "plaintext", "params", "items")},
    ("items", "sync"): 0.80,
    ("json", "defaults"): 0.75,
    ("pipelined", "sync"): 0.50,
}


@dataclass
class Served:
    """A server process, and what it took so far: microseconds and requests per second, by case."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]
    microseconds: dict[str, list[float]] = field(default_factory=dict)
    per_second: dict[str, list[float]] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """User and system time of the process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_server(kind: str, port: int) -> Served:
    """Start one kind on the first core and wait until it answers."""
    module = (
        ["-m", "benchmarks.limit", str(port)]
        if kind == "limit"
        else ["-m", "benchmarks.apps", kind, str(port)]
    )
    command = ["taskset", "-c", "0", sys.executable, *module]
    # Defaults write an access log; where it goes must not be what is measured.
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served = Served(kind, port, process)
    wait_for_server(served)
    return served


def wait_for_server(served: Served) -> None:
    """Ask until it answers; end the program where it does not."""
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/json", timeout=1).read()
        except OSError:
            if time.monotonic() > deadline or served.process.poll() is not None:
                raise SystemExit(f"the server {served.kind} did not start") from None
            time.sleep(0.05)
        else:
            return


def load(served: Served, case: str, seconds: int, folder: Path) -> None:
    """One burst of requests; note what each took."""
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{seconds}s"]
    if case in SCRIPTS:
        script = folder / f"{case}.lua"
        script.write_text(SCRIPTS[case])
        command += ["-s", str(script)]
    if case == "browser":
        command += [part for name, value in BROWSER_HEADERS.items() for part in ("-H", f"{name}: {value}")]
    before = served.cpu_seconds()
    output = subprocess.run(
        [*command, f"http://127.0.0.1:{served.port}{PATHS[case]}"], capture_output=True, text=True, check=True
    ).stdout
    spent = served.cpu_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"{served.kind} {case}: {output}")
    found = re.search(r"(\d+) requests in ([\d.]+)s", output)
    assert found is not None, output
    count = int(found[1])
    served.microseconds.setdefault(case, []).append(spent / count * 1e6)
    served.per_second.setdefault(case, []).append(count / float(found[2]))


def measure(rounds: int, seconds: int, cases: list[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Median and least microseconds, and median requests per second: case → kind → figure."""
    servers = [start_server(kind, 9100 + number) for number, kind in enumerate(KINDS)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rounds):
                for case in cases:
                    for served in servers:
                        load(served, case, seconds, Path(folder))
    finally:
        for served in servers:
            served.process.terminate()
            served.process.wait(10)
    return {
        case: {
            served.kind: {
                "median": statistics.median(served.microseconds[case]),
                "least": min(served.microseconds[case]),
                "per_second": statistics.median(served.per_second[case]),
            }
            for served in servers
        }
        for case in cases
    }


def report(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """The figures as a Markdown table, what was wanted beside what was measured."""
    lines = [
        "| case | kind | µs of CPU, median | least | requests/s | share of the limit | wanted |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for case, kinds in results.items():
        limit = kinds["limit"]["median"]
        for kind, figures in kinds.items():
            share = limit / figures["median"]
            wanted = WANTED.get((case, kind))
            lines.append(
                f"| {case} | {kind} | {figures['median']:.2f} | {figures['least']:.2f} | "
                f"{figures['per_second']:,.0f} | {share:.2f} | {f'≥ {wanted:.2f}' if wanted else ''} |"
            )
    if not {"json", "browser"} <= results.keys():
        return "\n".join(lines)
    more = results["json"]["defaults"]["median"] - results["json"]["sync"]["median"]
    headers = results["browser"]["sync"]["median"] - results["json"]["sync"]["median"]
    lines += ["", f"All default plugins: {more:+.2f} µs over bare json (wanted: ≤ 2.5)."]
    lines += [f"16 browser headers: {headers:+.2f} µs over 2 headers (wanted: ≤ 2)."]
    return "\n".join(lines)


def main() -> int:
    """Measure and print; 1 where a wanted share was missed."""
    parser = argparse.ArgumentParser(description="Bistro's server against the hand-written limit.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(PATHS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        sys.stderr.write("This benchmark needs wrk and taskset.\n")
        return 2
    results = measure(options.rounds, options.seconds, options.cases)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    sys.stdout.write(report(results) + "\n")
    missed = [
        (case, kind)
        for (case, kind), share in WANTED.items()
        if case in results and results[case]["limit"]["median"] / results[case][kind]["median"] < share
    ]
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
