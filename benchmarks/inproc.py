"""The same requests through the hand-written limit and through Bistro, on a fake transport.

No socket and no kernel: from the bytes that were read to the bytes to be written, in one process,
interleaved, minima of many rounds. Repeatable to a few per cent, so this is the gate.

    ./run bench inproc [--json]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

from benchmarks import limit
from benchmarks.apps import make_async_app, make_sync_app
from bistro import App
from bistro.serving.connection import Connection
from bistro.serving.server import Server

JSON_MAX_MICROSECONDS = 2.5
BODY = b'{"name":"Widget","price":9.99,"quantity":3,"tags":["red","large"],"active":true}'
HOST = b"Host: 127.0.0.1\r\n"
BROWSER = (
    b"Host: 127.0.0.1:8000\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n"
    b'sec-ch-ua: "Chromium";v="128", "Not;A=Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\n'
    b'sec-ch-ua-platform: "Linux"\r\nUpgrade-Insecure-Requests: 1\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n"
    b"Cookie: sessionid=abcdefghijklmnop; csrftoken=0123456789abcdef\r\n"
)
CASES = {
    "json": b"GET /json HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n",
    "plaintext": b"GET /plaintext HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n",
    "params": b"GET /users/42/posts/hello HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n",
    "items": b"POST /items HTTP/1.1\r\n"
    + HOST
    + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    + BODY,
    "browser": b"GET /json HTTP/1.1\r\n" + BROWSER + b"\r\n",
}
# Sixteen requests in one read, whose answers leave in one write; the figure is for all of them.
CASES["pipelined"] = CASES["plaintext"] * 16
READS = {case: (request, request) for case, request in CASES.items()}
# A request that comes again is known without being parsed; here each has other headers than the one before.
READS["varied"] = (CASES["json"], CASES["json"].replace(b"Accept: */*", b"Accept: text/html"))


class FakeTransport(asyncio.Transport):
    """Keeps what was written last."""

    written = b""

    def write(self, data: Any) -> None:
        self.written = data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 50000) if name == "peername" else default

    def is_closing(self) -> bool:
        return False


async def feeder_for(app: App) -> tuple[Callable[[bytes], None], FakeTransport]:
    """A connection of Bistro's own server, as `create_server` would make it."""
    server = Server(app, port=0)
    await server.start()
    connection, transport = Connection(server), FakeTransport()
    connection.connection_made(transport)
    return connection.data_received, transport


def limit_feeder() -> tuple[Callable[[bytes], None], FakeTransport]:
    """A connection of the hand-written protocol."""
    protocol, transport = limit.Protocol(), FakeTransport()
    protocol.connection_made(transport)
    return protocol.data_received, transport


async def measure(rounds: int = 15, requests: int = 4000) -> dict[str, dict[str, float]]:
    """Microseconds per request: case → kind → minimum over the rounds."""
    limit.tick(asyncio.get_running_loop())
    feeders = {
        "limit": limit_feeder(),
        "sync": await feeder_for(make_sync_app()),
        "async": await feeder_for(make_async_app()),
        "defaults": await feeder_for(make_sync_app(defaults=True)),
    }
    best: dict[str, dict[str, float]] = {case: {} for case in READS}
    loop = asyncio.get_running_loop()
    for _ in range(rounds):
        for case, reads in READS.items():
            for kind, (feed, transport) in feeders.items():
                done: asyncio.Future[float] = loop.create_future()
                # In a callback, as a server's bytes arrive; a task of our own would be in the way.
                loop.call_soon(time_feeding, feed, transport, reads, requests // 2, done)
                spent = await done
                best[case][kind] = min(spent, best[case].get(kind, spent))
    return best


def time_feeding(
    feed: Callable[[bytes], None],
    transport: FakeTransport,
    reads: tuple[bytes, bytes],
    turns: int,
    done: asyncio.Future[float],
) -> None:
    """Set `done` to the microseconds that one of two reads takes."""
    one, other = reads
    feed(one)
    if not transport.written.startswith(b"HTTP/1.1 200"):
        done.set_exception(AssertionError(transport.written))
        return
    started = time.perf_counter()
    for _ in range(turns):
        feed(one)
        feed(other)
    done.set_result((time.perf_counter() - started) / turns / 2 * 1e6)


def main() -> int:
    """Print the table; 1 if JSON takes longer than it may."""
    best = uvloop.run(measure())
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(best) + "\n")
    else:
        kinds = list(next(iter(best.values())))
        sys.stdout.write(f"{'µs per request':16}" + "".join(f"{kind:>10}" for kind in kinds) + "\n")
        for case, row in best.items():
            sys.stdout.write(f"{case:16}" + "".join(f"{row[kind]:10.2f}" for kind in kinds) + "\n")
    return int(best["json"]["sync"] > JSON_MAX_MICROSECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
