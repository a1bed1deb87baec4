"""Files over real sockets: what one download costs the server, beside nginx and a hand-written protocol.

1 KiB, 100 KiB and 10 MiB, from `Static` and from handlers that return `File`. The hand-written
protocol has the files in memory and looks at nothing but the path; nginx has `sendfile on`. Judged
by the server's own CPU time per download, as in `benchmarks/http.py`. Needs Linux and wrk.

    ./run bench static [--rounds 5] [--seconds 1] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
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
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.http import ROOT, Served

SIZES = {"1k": 1024, "100k": 100 * 1024, "10m": 10 * 1024 * 1024}
CONNECTIONS = {"1k": 64, "100k": 64, "10m": 8}
KINDS = ("limit", "static", "file", "file async", "nginx")
NGINX = """daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; default_type text/plain;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class Limit(asyncio.Protocol):
    """Whole answers from memory, chosen by the path; nothing else of the request is looked at."""

    answers: ClassVar[dict[bytes, bytes]] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.answers[data[4 : data.index(b" ", 4)]])


async def serve_limit(folder: Path, port: int) -> None:
    """Serve the files of `folder` by `Limit`."""
    for path in (folder / "static").iterdir():
        content = path.read_bytes()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(content)
        Limit.answers[f"/static/{path.name}".encode()] = head + content
    server = await asyncio.get_running_loop().create_server(Limit, "127.0.0.1", port)
    await server.serve_forever()


def serve(kind: str, folder: Path, port: int) -> None:
    """Be the server `kind`."""
    if kind == "limit":
        import uvloop

        uvloop.run(serve_limit(folder, port))
        return
    from bistro import App, File
    from bistro.plugins import Static

    os.environ["ENV"] = "testing"
    app = App(Static(folder / "static"), defaults=False)

    @app.get("/file/{name}")
    def download(name: str) -> File:
        return File(folder / "static" / name, inside=folder / "static")

    @app.get("/file-async/{name}")
    async def download_in_loop(name: str) -> File:
        return File(folder / "static" / name, inside=folder / "static")

    app.run(port=port)


def start_server(kind: str, folder: Path, port: int) -> Served:
    """Start one kind on the first core and wait until it answers."""
    if kind == "nginx":
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=folder, port=port))
        command = ["nginx", "-p", str(folder), "-c", str(configuration)]
    else:
        command = [sys.executable, "-m", "benchmarks.static", "--serve", kind, str(folder), str(port)]
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    served = Served(kind, port, process)
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(url_of(served, "1k"), timeout=1).read()
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"the server {kind} did not start") from None
            time.sleep(0.05)
        else:
            return served


def url_of(served: Served, case: str) -> str:
    """Where the file is."""
    folder = served.kind.replace(" ", "-") if served.kind.startswith("file") else "static"
    return f"http://127.0.0.1:{served.port}/{folder}/{case}.txt"


def load(served: Served, case: str, seconds: int) -> None:
    """One burst of downloads; note what each took."""
    before = served.cpu_seconds()
    connections = f"-c{CONNECTIONS[case]}"
    output = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", connections, f"-d{seconds}s", url_of(served, case)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    spent = served.cpu_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"{served.kind} {case}: {output}")
    found = re.search(r"(\d+) requests in ([\d.]+)s", output)
    assert found is not None, output
    served.microseconds.setdefault(case, []).append(spent / int(found[1]) * 1e6)
    served.per_second.setdefault(case, []).append(int(found[1]) / float(found[2]))


def measure(rounds: int, seconds: int) -> list[Served]:
    """Run every case against every kind, in turns."""
    kinds = [kind for kind in KINDS if kind != "nginx" or shutil.which("nginx")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "static").mkdir()
        for case, size in SIZES.items():
            (folder / "static" / f"{case}.txt").write_bytes(os.urandom(size))
        servers = [start_server(kind, folder, 9200 + number) for number, kind in enumerate(kinds)]
        try:
            for _ in range(rounds):
                for case in SIZES:
                    for served in servers:
                        load(served, case, seconds)
        finally:
            for served in servers:
                served.process.terminate()
                served.process.wait(10)
    return servers


def report(servers: list[Served]) -> str:
    """The figures as a Markdown table."""
    lines = ["| case | kind | µs of CPU, median | least | downloads/s |", "|---|---|---:|---:|---:|"]
    for case in SIZES:
        for served in servers:
            spent = served.microseconds[case]
            lines.append(
                f"| {case} | {served.kind} | {statistics.median(spent):.1f} | {min(spent):.1f} | "
                f"{statistics.median(served.per_second[case]):,.0f} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Downloads, beside nginx and a hand-written protocol.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", nargs=3, metavar=("KIND", "FOLDER", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], Path(options.serve[1]), int(options.serve[2]))
        return 0
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        sys.stderr.write("This benchmark needs wrk and taskset.\n")
        return 2
    servers = measure(options.rounds, options.seconds)
    if options.json:
        figures = {served.kind: [served.microseconds, served.per_second] for served in servers}
        options.json.write_text(json.dumps(figures, indent=1))
    sys.stdout.write(report(servers) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
