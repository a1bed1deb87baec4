"""Whether memory grows with the requests that were served.

The memory of a worker with all default plugins after ten thousand requests of every case, and again
after a million. Needs Linux and wrk.

    ./run bench memory [--requests 1000000]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.http import PATHS, SCRIPTS, Served, start_server

GROWTH_MAX_MIB = 5.0
FIRST_REQUESTS = 10_000
CASES = ("json", "params", "items", "browser")


def memory_mib(served: Served) -> float:
    """What the process holds now (PSS: its share of what several share)."""
    text = Path(f"/proc/{served.process.pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def burst(served: Served, case: str, folder: Path) -> int:
    """A second of requests; how many they were."""
    command = ["wrk", "-t1", "-c64", "-d1s"]
    if case in SCRIPTS:
        script = folder / f"{case}.lua"
        script.write_text(SCRIPTS[case])
        command += ["-s", str(script)]
    url = f"http://127.0.0.1:{served.port}{PATHS[case]}"
    output = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+) requests in", output)
    assert found is not None, output
    return int(found[1])


def main() -> int:
    """Print both figures; 1 if memory grew by more than it may."""
    parser = argparse.ArgumentParser(description="Memory after many requests beside that after few.")
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    served = start_server("defaults", 9510)
    count, first = 0, 0.0
    try:
        with tempfile.TemporaryDirectory() as folder:
            while count < options.requests:
                for case in CASES:
                    count += burst(served, case, Path(folder))
                if not first and count >= FIRST_REQUESTS:
                    first = memory_mib(served)
                    sys.stdout.write(f"{first:6.1f} MiB after {count:9,} requests\n")
        last = memory_mib(served)
    finally:
        served.process.terminate()
        served.process.wait(10)
    sys.stdout.write(f"{last:6.1f} MiB after {count:9,} requests: {last - first:+.1f} (wanted: ≤ 5)\n")
    return int(last - first > GROWTH_MAX_MIB)


if __name__ == "__main__":
    raise SystemExit(main())
