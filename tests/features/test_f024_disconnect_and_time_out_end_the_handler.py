"""F24: a client that goes away cancels its handler; a handler over its time is cancelled and answered 504."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

from bistro import App, Routes
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, fetch

CLIENTS = 20
GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Transaction:
    """Commits, or rolls back."""


class Notes:
    """What becomes of handlers and their transactions."""

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.events: list[str] = []
        self.go_on = threading.Event()

    async def transact(self) -> AsyncIterator[Transaction]:
        try:
            yield Transaction()
        except BaseException:
            self.events.append("rolled back")
            raise
        else:
            self.events.append("committed")
        finally:
            self.ended.release()


def make_app(notes: Notes, **options: float) -> App:
    app = App(**options)  # type: ignore[arg-type]  # options of different types
    app.provide(Transaction, notes.transact)

    @app.get("/wait")
    async def wait(transaction: Transaction) -> None:
        notes.waiting.release()
        await asyncio.Event().wait()

    @app.get("/durable", cancel_on_disconnect=False)
    async def durable(transaction: Transaction) -> None:
        notes.waiting.release()
        while not notes.go_on.is_set():
            await asyncio.sleep(0.01)

    @app.get("/def")
    def wait_in_thread(transaction: Transaction) -> None:
        notes.waiting.release()
        notes.go_on.wait(TIMEOUT_SECONDS)
        notes.events.append("ended")

    @app.get("/patient", timeout_seconds=None)
    async def patient(transaction: Transaction) -> str:
        await asyncio.sleep(0.1)
        return "done"

    group = Routes(timeout_seconds=TIMEOUT_SECONDS)

    @group.get("/group")
    async def in_group() -> str:
        await asyncio.sleep(0.1)
        return "done"

    @group.get("/route", timeout_seconds=0.02)
    async def on_route() -> str:
        await asyncio.sleep(TIMEOUT_SECONDS)
        return "never"

    app.include(group)
    return app


def test_twenty_clients_that_leave_end_twenty_handlers_within_a_second() -> None:
    notes = Notes()
    with LiveServer(make_app(notes)) as server:
        clients = [connect(server) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(GET % b"/wait")
            assert notes.waiting.acquire(timeout=TIMEOUT_SECONDS)
        assert notes.events == []
        for client in clients:
            client.close()
        ends = time.monotonic() + 1.0
        for _ in clients:
            assert notes.ended.acquire(timeout=ends - time.monotonic())

    assert notes.events == ["rolled back"] * CLIENTS


def test_handler_that_asks_for_it_comes_to_its_end() -> None:
    notes = Notes()
    with LiveServer(make_app(notes)) as server:
        with connect(server) as client:
            client.sendall(GET % b"/durable")
            assert notes.waiting.acquire(timeout=TIMEOUT_SECONDS)
        with connect(server) as client:  # one that leaves later, and is cancelled
            client.sendall(GET % b"/wait")
            assert notes.waiting.acquire(timeout=TIMEOUT_SECONDS)
        assert notes.ended.acquire(timeout=TIMEOUT_SECONDS)
        notes.go_on.set()
        assert notes.ended.acquire(timeout=TIMEOUT_SECONDS)

    assert notes.events == ["rolled back", "committed"]


def test_time_limits_stand_on_routes_groups_and_the_app() -> None:
    notes = Notes()
    with LiveServer(make_app(notes, timeout_seconds=0.02)) as server:
        statuses = {path: fetch(server, path).status for path in ("/wait", "/group", "/route", "/patient")}

    assert statuses == {"/wait": 504, "/group": 200, "/route": 504, "/patient": 200}
    assert notes.events == ["rolled back", "committed"]


def test_def_handler_over_its_time_is_answered_for_and_keeps_what_it_uses() -> None:
    notes = Notes()
    with LiveServer(make_app(notes, timeout_seconds=0.05)) as server:
        answer = fetch(server, "/def")
        still_open = not notes.events
        notes.go_on.set()
        assert notes.ended.acquire(timeout=TIMEOUT_SECONDS)

    assert (answer.status, still_open) == (504, True)
    assert notes.events == ["ended", "rolled back"]


def test_def_handler_whose_client_leaves_runs_on_and_is_rolled_back() -> None:
    notes = Notes()
    with LiveServer(make_app(notes)) as server:
        with connect(server) as client:
            client.sendall(GET % b"/def")
            assert notes.waiting.acquire(timeout=TIMEOUT_SECONDS)
        notes.go_on.set()
        assert notes.ended.acquire(timeout=TIMEOUT_SECONDS)

    # Whether the client or the handler came first is open here; the thread is never cut short.
    assert notes.events[0] == "ended"


def test_no_limit_is_the_default() -> None:
    notes = Notes()
    with LiveServer(make_app(notes)) as server, connect(server) as client:
        client.sendall(GET % b"/durable")
        assert notes.waiting.acquire(timeout=TIMEOUT_SECONDS)
        client.settimeout(0.2)
        try:
            received = client.recv(1)
        except TimeoutError:
            received = b""
        notes.go_on.set()
    assert received == b""
