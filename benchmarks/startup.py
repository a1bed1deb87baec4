"""What Bistro costs before and beside requests: import, start to first answer, memory after load.

Each figure is the least of several runs, since a shared machine only ever adds to it.

    ./run bench startup
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
HELLO = """from bistro import App

app = App()

@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WANTED = {
    "import bistro, ms": 100,
    "from bistro import App, ms": 100,
    "start to first answer, ms": 200,
    "memory after load, MiB": 30,
}
PORT = 9190


def environment() -> dict[str, str]:
    """The environment with the repository on the path, and compiled modules kept as installs keep them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def import_milliseconds(statement: str, runs: int = 7) -> float:
    """How much longer an interpreter takes with `statement` than without."""

    def run(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment(), check=True)
        return time.perf_counter() - started

    bare = min(run("pass") for _ in range(runs))
    return (min(run(statement) for _ in range(runs)) - bare) * 1000


def answer(connection: socket.socket) -> bytes:
    """Send one request and read its answer."""
    connection.sendall(REQUEST)
    received = b""
    while not received.endswith(b"Hello from Bistro"):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError
        received += piece
    return received


def start_and_load(folder: Path, requests: int) -> tuple[float, float]:
    """Milliseconds from exec to the first answer, and MiB of memory after `requests` requests."""
    command = [sys.executable, "-m", "bistro", "run", "app.py", "--no-reload", "--port", str(PORT)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connection = connect(started + 10)
        answer(connection)
        milliseconds = (time.perf_counter() - started) * 1000
        for _ in range(requests):
            answer(connection)
        return milliseconds, memory_mebibytes(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def connect(deadline: float) -> socket.socket:
    """A connection as soon as somebody listens."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", PORT), timeout=10)
        except ConnectionRefusedError:
            if time.perf_counter() > deadline:
                raise
            time.sleep(0.002)


def memory_mebibytes(pid: int) -> float:
    """The process's share of memory (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no Pss in smaps_rollup")


def main() -> int:
    """Print what was measured beside what is wanted; 1 where something is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(HELLO)
        runs = [start_and_load(folder, 5000) for _ in range(5)]
    measured = {
        "import bistro, ms": import_milliseconds("import bistro"),
        "from bistro import App, ms": import_milliseconds("from bistro import App"),
        "start to first answer, ms": min(first for first, _ in runs),
        "memory after load, MiB": min(memory for _, memory in runs),
    }
    for name, figure in measured.items():
        sys.stdout.write(f"{name:28} {figure:7.1f}   wanted: ≤ {WANTED[name]}\n")
    return int(any(figure > WANTED[name] for name, figure in measured.items()))


if __name__ == "__main__":
    raise SystemExit(main())
