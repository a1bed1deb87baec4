"""A small application that answers from a table, so that these tests need no `App`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bistro.ground.types import Exchange


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
