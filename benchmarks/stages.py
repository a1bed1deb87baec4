"""Where a request's microseconds go, stage by stage, in one process and without sockets.

Each stage is measured by itself on the objects that a server would use, the least of many short
rounds; "sum" beside "measured" shows what this way of looking leaves out. Two requests with other
headers take turns, since one that comes again is known without being parsed: "again" is that.

    ./run bench stages [--json]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import uvloop

from benchmarks.apps import make_sync_app
from benchmarks.inproc import CASES, FakeTransport, feeder_for
from bistro import App
from bistro.ground.types import Exchange
from bistro.serving import Server
from bistro.serving.connection import Connection
from bistro.serving.eager import EagerRunner
from bistro.serving.exchange import PLAINLY_FINISHED
from bistro.serving.parser import WholeParser

ROUNDS = 150
CALLS = 1_000
HEAD_END = b"\r\n\r\n"


class NoAnswer:
    """An application that does nothing, so that only the server's own work is measured."""

    last: Any = None

    def handle(self, exchange: Exchange) -> None:
        self.last = exchange
        exchange.state = PLAINLY_FINISHED  # type: ignore[attr-defined]  # so that nothing is sent for it

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def least(function: Callable[..., object], *arguments: object) -> float:
    """Microseconds of one call."""
    found = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            function(*arguments)
        found = min(found, time.perf_counter() - started)
    return found / CALLS * 1e6


def in_turn(feed: Callable[[bytes], object], request: bytes) -> float:
    """Microseconds of one request where each has other headers than the one before."""
    head, end, body = request.partition(HEAD_END)
    other = head + b"\r\nX-Other: 1" + end + body

    def feed_both() -> None:
        feed(request)
        feed(other)

    return least(feed_both) / 2


def parser_feed() -> Callable[[bytes], None]:
    """What llhttp and its callbacks do."""
    parser = WholeParser()
    feed, ended, bodies = parser.feed, parser.ended, parser.bodies

    def parse(request: bytes) -> None:
        feed(request)
        ended.append(None)
        bodies.clear()

    return parse


def feed_with(app: NoAnswer, request: bytes) -> Callable[[bytes], None]:
    """A connection of a server whose app is `app`, after one request."""
    server = Server(app, port=0)
    server.runner = EagerRunner(asyncio.get_running_loop())
    connection = Connection(server)
    connection.connection_made(FakeTransport())
    connection.data_received(request)
    return connection.data_received


async def stages_of(request: bytes, app: App) -> dict[str, float]:
    """Stage → microseconds for one request of the benchmarks' app."""
    silent = NoAnswer()
    feed_silent = feed_with(silent, request)
    frozen = app.freeze()
    exchange = silent.last
    entry = frozen.handle

    def handle() -> None:
        exchange.state = 0
        entry(exchange)

    def send() -> None:
        exchange.state = 0
        exchange.send(200, b"content-type: text/plain\r\n", b"Hello, World!")

    feed, _ = await feeder_for(app)
    method, path = exchange.method, exchange.raw_path
    parsing = in_turn(parser_feed(), request)
    connection = in_turn(feed_silent, request)
    sending = least(send)
    matching = least(frozen.table.find, method, path, exchange)
    handling = least(handle)
    context = least(lambda: copy_context().run(int))
    found = {
        "parse (llhttp)": parsing,
        "head, exchange": connection - parsing - context,
        "context of its own": context,
        "match": matching,
        "plan, handler, encoding": handling - matching - sending,
        "write the answer": sending,
    }
    return {
        **found,
        "sum": sum(found.values()),
        "measured": in_turn(feed, request),
        "measured, again": least(feed, request),
    }


async def measure() -> dict[str, dict[str, float]]:
    """Case → stage → microseconds."""
    bare, full = make_sync_app(), make_sync_app(defaults=True)
    results = {case: await stages_of(request, bare) for case, request in CASES.items() if case != "pipelined"}
    results["json, default plugins"] = await stages_of(CASES["json"], full)
    return results


def main() -> int:
    """Print the table."""
    results = uvloop.run(measure())
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(results) + "\n")
        return 0
    stages = list(next(iter(results.values())))
    sys.stdout.write("| µs | " + " | ".join(results) + " |\n|---|" + "---:|" * len(results) + "\n")
    for stage in stages:
        row = " | ".join(f"{figures[stage]:.2f}" for figures in results.values())
        sys.stdout.write(f"| {stage} | {row} |\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
