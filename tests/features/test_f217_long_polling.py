"""F217: long polling: a request waits for a value, for so long, and is over when its client goes."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bistro import App, Request, long_poll
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, fetch


class Board:
    """Notes that clients wait for; numbers begin with 1."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.changed = asyncio.Condition()
        self.waiting = threading.Event()
        self.left = threading.Event()

    async def add(self, note: str) -> None:
        async with self.changed:
            self.notes.append(note)
            self.changed.notify_all()

    async def wait_for_notes(self, after: int) -> list[str]:
        self.waiting.set()
        try:
            async with self.changed:
                await self.changed.wait_for(lambda: len(self.notes) > after)
                return self.notes[after:]
        finally:
            self.left.set()


def make_app(board: Board, seconds: float) -> App:
    app = App()

    @app.get("/notes")
    async def notes(request: Request, after: int = 0) -> list[str] | None:
        return await long_poll(request, board.wait_for_notes(after), timeout_seconds=seconds)

    @app.post("/notes")
    async def add(note: str) -> None:
        await board.add(note)

    return app


def test_waiting_clients_get_the_value_as_soon_as_it_is_there() -> None:
    board = Board()
    with LiveServer(make_app(board, TIMEOUT_SECONDS)) as server, ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, server, "/notes?after=0")
        assert board.waiting.wait(TIMEOUT_SECONDS)
        fetch(server, "/notes?note=soup", "POST")
        assert first.result().text == '["soup"]'
        assert fetch(server, "/notes?after=0").text == '["soup"]'  # what is there already needs no waiting


def test_nothing_within_the_time_is_a_204() -> None:
    with LiveServer(make_app(Board(), 0.05)) as server:
        answer = fetch(server, "/notes")
    assert (answer.status, answer.body) == (204, b"")


def test_waiting_ends_within_a_second_when_the_client_goes_away() -> None:
    board = Board()
    with LiveServer(make_app(board, TIMEOUT_SECONDS)) as server:
        with connect(server) as connection:
            connection.sendall(b"GET /notes HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert board.waiting.wait(TIMEOUT_SECONDS)
            assert not board.left.is_set()
        assert board.left.wait(1.0)


@pytest.mark.timed
def test_waiting_ends_with_a_204_when_the_server_stops() -> None:
    board = Board()
    server = LiveServer(make_app(board, TIMEOUT_SECONDS), grace_seconds=TIMEOUT_SECONDS)
    server.start()
    with ThreadPoolExecutor(1) as pool:
        try:
            waiting = pool.submit(fetch, server, "/notes")
            assert board.waiting.wait(TIMEOUT_SECONDS)
        finally:
            started = time.monotonic()
            server.stop()
        assert waiting.result().status == 204
    assert time.monotonic() - started < TIMEOUT_SECONDS / 2
