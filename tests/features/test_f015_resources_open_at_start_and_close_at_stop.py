"""F15: what an app opens at its start, before the first request, is closed at its stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


def make_app(log: list[str]) -> App:
    app = App()

    @app.lifespan
    async def database() -> AsyncIterator[None]:
        log.append("open database")
        yield
        log.append("close database")

    @app.lifespan
    def cache() -> Iterator[None]:
        log.append("open cache")
        yield
        log.append("close cache")

    @app.on_start
    async def warm_up() -> None:
        log.append("warm up")

    @app.on_stop
    def say_goodbye() -> None:
        log.append("goodbye")

    @app.get("/")
    async def index() -> str:
        log.append("request")
        return "hello"

    return app


OPENED = ["open database", "open cache", "warm up"]
CLOSED = ["goodbye", "close cache", "close database"]


def test_server_opens_in_order_before_the_first_request_and_closes_in_reverse() -> None:
    log: list[str] = []
    with LiveServer(make_app(log)) as server:
        assert log == OPENED
        fetch(server, "/")
        fetch(server, "/")

    assert log == [*OPENED, "request", "request", *CLOSED]


def test_test_client_opens_and_closes_as_the_server_does() -> None:
    log: list[str] = []
    with Client(make_app(log)) as client:
        client.get("/")

    assert log == [*OPENED, "request", *CLOSED]


def test_what_was_opened_is_closed_where_a_later_part_fails_to_start() -> None:
    log: list[str] = []
    app = make_app(log)

    @app.on_start
    def fail() -> None:
        raise ConnectionError("no broker")

    with pytest.raises(ConnectionError, match="no broker"), LiveServer(app):
        pytest.fail("the server started")

    assert log == [*OPENED, *CLOSED]
