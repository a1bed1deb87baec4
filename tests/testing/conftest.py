"""A small application that answers from a table, so that these tests need no `App`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

import pytest

from bistro.ground.types import Exchange
from bistro.testing import Client


class TableApp:
    """Answers with `handlers[path]`, a function of the exchange, plain or async."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Exchange], Any]] = {}
        self.log: list[str] = []
        self.fails_to_start: Exception | None = None

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        handler = self.handlers.get(exchange.raw_path)
        if handler is None:
            exchange.send(404, b"", b"")
            return None
        result = handler(exchange)
        return result if asyncio.iscoroutine(result) else None

    def refuse(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        self.log.append(f"refused {status}")

    async def start(self) -> None:
        self.log.append("start")
        if self.fails_to_start is not None:
            raise self.fails_to_start

    async def stop(self) -> None:
        self.log.append("stop")


@pytest.fixture
def app() -> TableApp:
    return TableApp()


@pytest.fixture
def client(app: TableApp) -> Iterator[Client]:
    with Client(app) as client:
        yield client


class Seen(NamedTuple):
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def seen(app: TableApp) -> list[Seen]:
    """What the handler of /seen was asked, newest last."""
    requests: list[Seen] = []

    async def handler(exchange: Exchange) -> None:
        body = await exchange.read_body(10_000)
        headers = {name.decode(): value.decode() for name, value in exchange.header_items()}
        requests.append(Seen(exchange.method, exchange.raw_path, exchange.query_string, headers, body))
        exchange.send(200, b"", b"")

    app.handlers["/seen"] = handler
    return requests
