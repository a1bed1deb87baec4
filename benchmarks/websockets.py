"""WebSockets of Bistro's server against the same written by hand on the same library.

Echo: 32 connections, each sends a text and waits for it; the kinds take turns in every round, and
the server's own CPU time per message (from /proc) decides. Idle: so many sockets on one worker, what
each adds to the process, and how long an echo takes beside them. Needs Linux.

    ./run bench websockets [--rounds 5] [--seconds 2] [--idle 1000 10000] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bistro import App, WebSocket

ROOT = Path(__file__).parent.parent
KINDS = ("limit", "bistro", "defaults")
SIZES = (32, 1000)
CONNECTIONS_COUNT = 32
WANTED_ECHO = 0.8
WANTED_IDLE_BYTES = 15 * 1024
WANTED_P99_MS = 50.0
MASK = b"\x11\x22\x33\x44"
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Origin: http://localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)


# --- the servers ------------------------------------------------------------------------------------


def serve_by_hand(port: int) -> None:
    """An echo as short as it can be on uvloop and the sans-I/O layer of `websockets`."""
    import uvloop
    from websockets.frames import Opcode
    from websockets.http11 import Request
    from websockets.server import ServerProtocol

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            self.protocol = ServerProtocol()

        def data_received(self, data: bytes) -> None:
            protocol = self.protocol
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    protocol.send_response(protocol.accept(event))
                elif event.opcode is Opcode.TEXT:
                    text = event.data.decode()
                    protocol.send_text(text.encode())
            self.transport.write(b"".join(protocol.data_to_send()))

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=4096)
        await server.serve_forever()

    uvloop.run(main())


def serve_bistro(port: int, *, defaults: bool) -> None:
    """The same as people write it."""
    app = App(defaults=defaults)

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)

    app.run(port=port)


@dataclass
class Served:
    """A server process, and the microseconds of each round by size of the message."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]
    microseconds: dict[int, list[float]] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """User and system time of the process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        """Resident memory of the process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait(10)


def start_server(kind: str) -> Served:
    """Start one kind on the first core and wait until it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [
        "taskset",
        "-c",
        "0",
        sys.executable,
        "-m",
        "benchmarks.websockets",
        "--serve",
        kind,
        str(port),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served = Served(kind, port, process)
    deadline = time.monotonic() + 10
    while True:
        try:
            connect(port).close()
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"the server {kind} did not start") from None
            time.sleep(0.05)
        else:
            return served


# --- the client -------------------------------------------------------------------------------------


def connect(port: int) -> socket.socket:
    """An accepted WebSocket."""
    client = socket.create_connection(("127.0.0.1", port), 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(HANDSHAKE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        data = client.recv(4096)
        if not data:
            raise OSError("the handshake was refused")
        answer += data
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise SystemExit(answer.decode())
    return client


def make_frame(size: int) -> tuple[bytes, int]:
    """A text of `size` letters as a client sends it, and how many bytes come back."""
    masked = bytes(ord("x") ^ MASK[at % 4] for at in range(size))
    head = bytes([0x81, 0x80 | size]) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + MASK + masked, size + (2 if size < 126 else 4)


def load(served: Served, size: int, seconds: float) -> None:
    """Echo for a while on all connections; note what a message took."""
    frame, back = make_frame(size)
    selector = selectors.DefaultSelector()
    left = {}
    for _ in range(CONNECTIONS_COUNT):
        client = connect(served.port)
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)
        left[client] = back
    count, before, end = 0, served.cpu_seconds(), time.monotonic() + seconds
    for client in left:
        client.send(frame)
    while time.monotonic() < end:
        for key, _ in selector.select(1):
            client = key.fileobj  # type: ignore[assignment]  # it is what was registered
            left[client] -= len(client.recv(65536))
            if not left[client]:
                left[client] = back
                count += 1
                client.send(frame)
    served.microseconds.setdefault(size, []).append((served.cpu_seconds() - before) / count * 1e6)
    for client in left:
        client.close()
    selector.close()


def measure_echo(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Median microseconds of server CPU per message: size → kind."""
    servers = [start_server(kind) for kind in KINDS]
    try:
        for _ in range(rounds):
            for size in SIZES:
                for served in servers:
                    load(served, size, seconds)
    finally:
        for served in servers:
            served.stop()
    return {
        str(size): {served.kind: statistics.median(served.microseconds[size]) for served in servers}
        for size in SIZES
    }


def measure_idle(kind: str, count: int) -> dict[str, float]:
    """Bytes of memory that each of `count` idle sockets adds, and times of an echo beside them."""
    served = start_server(kind)
    clients = []
    try:
        # What is made once (the library, the first plan) is no part of a socket.
        clients += [connect(served.port) for _ in range(20)]
        before = served.rss_bytes()
        clients += [connect(served.port) for _ in range(count)]
        time.sleep(1)
        each = (served.rss_bytes() - before) / count
        frame, back = make_frame(32)
        times = []
        for number in range(2000):
            client = clients[number * 7 % len(clients)]
            since = time.perf_counter()
            client.sendall(frame)
            got = 0
            while got < back:
                got += len(client.recv(4096))
            times.append((time.perf_counter() - since) * 1000)
        times.sort()
        return {"bytes": each, "p50_ms": times[len(times) // 2], "p99_ms": times[len(times) * 99 // 100]}
    finally:
        for client in clients:
            client.close()
        served.stop()


def main() -> int:
    """Measure and print; the exit code tells whether all is as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--idle", type=int, nargs="*", default=[1000, 10000])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", nargs=2, metavar=("KIND", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        kind, port = given.serve
        _allow_many_files()
        if kind == "limit":
            serve_by_hand(int(port))
        else:
            serve_bistro(int(port), defaults=kind == "defaults")
        return 0
    _allow_many_files()
    os.sched_setaffinity(0, {1})
    is_fine = True
    echo = measure_echo(given.rounds, given.seconds)
    for size, kinds in echo.items():
        for kind, microseconds in kinds.items():
            share = kinds["limit"] / microseconds
            is_fine &= kind != "bistro" or share >= WANTED_ECHO
            print(f"echo of {size:>5} bytes  {kind:<10} {microseconds:7.2f} µs  {share:5.2f} of the limit")
    idle = {}
    for count in given.idle:
        idle[str(count)] = {kind: measure_idle(kind, count) for kind in KINDS}
        for kind, found in idle[str(count)].items():
            is_fine &= kind == "limit" or (
                found["bytes"] <= WANTED_IDLE_BYTES and found["p99_ms"] < WANTED_P99_MS
            )
            print(
                f"{count:>6} idle sockets   {kind:<10} {found['bytes'] / 1024:6.1f} KiB each, "
                f"echo {found['p50_ms']:.2f} ms, p99 {found['p99_ms']:.2f} ms"
            )
    if given.json:
        given.json.write_text(json.dumps({"echo": echo, "idle": idle}, indent=2) + "\n")
    return 0 if is_fine else 1


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
