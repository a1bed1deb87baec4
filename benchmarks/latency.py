"""The time of one request at a time: the median over one connection that stays open.

With a single client the machine's own waiting is nearly all of it, so what a framework may add is
small: at most 1.15 times the hand-written limit is wanted. Needs Linux and wrk.

    ./run bench latency [--rounds 5] [--seconds 1]
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys

from benchmarks.http import KINDS, PATHS, Served, start_server

FACTORS = {"": 1.0, "us": 1.0, "ms": 1_000.0, "s": 1_000_000.0}
WANTED = 1.15


def median_microseconds(served: Served, seconds: int) -> float:
    """What wrk says of one burst over one connection."""
    url = f"http://127.0.0.1:{served.port}{PATHS['json']}"
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c1", f"-d{seconds}s", "--latency", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"50%\s+([\d.]+)(us|ms|s)", output)
    if found is None or "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"{served.kind}: {output}")
    return float(found[1]) * FACTORS[found[2]]


def main() -> int:
    """Print the medians; 1 where one is over what is wanted."""
    parser = argparse.ArgumentParser(description="The median time of a request over one connection.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1)
    options = parser.parse_args()
    servers = [start_server(kind, 9500 + number) for number, kind in enumerate(KINDS)]
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    try:
        for _ in range(options.rounds):
            for served in servers:
                found[served.kind].append(median_microseconds(served, options.seconds))
    finally:
        for served in servers:
            served.process.terminate()
            served.process.wait(10)
    limit = statistics.median(found["limit"])
    for kind, values in found.items():
        median = statistics.median(values)
        sys.stdout.write(f"{kind:10} {median:7.1f} µs   {median / limit:.2f} of the limit\n")
    return int(statistics.median(found["sync"]) > WANTED * limit)


if __name__ == "__main__":
    raise SystemExit(main())
