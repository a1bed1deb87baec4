"""A server as a process: started on one core, asked for its first answer, looked at, ended."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environment import ROOT
from benchmarks.peers.table import Peer

START_SECONDS_MAX = 20.0
NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port} backlog=2048;
    location /json {{ default_type application/json; return 200 '{{"message":"Hello, World!"}}'; }}
    location /plaintext {{ default_type text/plain; return 200 'Hello, World!'; }}
    location /files/ {{ alias {folder}/files/; }} }} }}
"""


@dataclass
class Served:
    """A peer that answers on `port`."""

    peer: Peer
    port: int
    process: subprocess.Popen[bytes]
    start_milliseconds: float

    def cpu_seconds(self) -> float:
        """User and system time of the process and all below it."""
        ticks = 0
        for pid in self._tree():
            fields = _stat_fields(pid)
            ticks += int(fields[11]) + int(fields[12]) if fields else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mebibytes(self) -> float:
        """The share of memory (PSS) of the process and all below it."""
        kibibytes = 0
        for pid in self._tree():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            kibibytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kibibytes / 1024

    def ask_to_stop(self) -> None:
        """Let it begin to stop; `stop` waits for that."""
        self.process.terminate()

    def stop(self) -> None:
        """End it, and whatever it has started."""
        pids = self._tree()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in pids:
                _kill(pid)
            self.process.wait(5)
        for pid in pids[1:]:
            _kill(pid)

    def _tree(self) -> list[int]:
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
                parents[int(entry.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def start(peer: Peer, python: Path | None, folder: Path, databases: Mapping[str, str]) -> Served:
    """Start `peer` on the first core; raises RuntimeError if it does not answer."""
    port = _free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [part.format(port=port, folder=folder) for part in peer.command]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BENCHMARK_FILES": str(folder / "files"),
        "BENCHMARK_DATABASE": databases.get(peer.database, ""),
        "BISTRO_ENV": "production",
        "ALLOWED_HOSTS": "127.0.0.1",
        **peer.environment,
    }
    log = folder / f"{peer.name}.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", "0", *([str(python)] if python else []), *command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
    served = Served(peer, port, process, 0.0)
    while not _answers(port):
        if process.poll() is not None or time.perf_counter() - started > START_SECONDS_MAX:
            served.stop()
            raise RuntimeError(f"{peer.name} did not start:\n{log.read_text()[-1500:]}")
        time.sleep(0.005)
    served.start_milliseconds = (time.perf_counter() - started) * 1000
    return served


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/plaintext")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
