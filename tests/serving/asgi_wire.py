"""An ASGI server made of lists: scopes, a `receive` and a `send` to drive an adapter by hand."""

from __future__ import annotations

import asyncio
from typing import Any

from bistro.serving.asgi import AsgiAdapter

TEXT = b"content-type: text/plain\r\n"


class FunctionApp:
    """Answers everything with one function of the exchange, plain or async."""

    def __init__(self, handler) -> None:
        self.handler = handler
        self.log: list[Any] = []
        self.fails: Exception | None = None

    def handle(self, exchange):
        result = self.handler(exchange)
        return result if asyncio.iscoroutine(result) else None

    def refuse(self, status, detail, client) -> None:
        self.log.append((status, client))

    async def start(self) -> None:
        self.log.append("start")
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails

    async def stop(self) -> None:
        self.log.append("stop")
        if self.fails is not None:
            raise self.fails


def http_scope(method: str = "GET", path: str = "/", **changes: Any) -> dict[str, Any]:
    """A scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 5000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x", b"1"), (b"x", b"2")],
        "state": {},
    } | changes


def piece(body: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


class Wire:
    """The server's two callables: gives `messages` to who receives, keeps what is sent."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.receivers = 0

    def arrive(self, *messages: dict[str, Any]) -> None:
        self.messages += messages
        self.arrived.set()

    async def receive(self) -> dict[str, Any]:
        self.receivers += 1
        assert self.receivers == 1, "two wait in receive() at once"
        try:
            while not self.messages:
                self.arrived.clear()
                await self.arrived.wait()
            return self.messages.pop(0)
        finally:
            self.receivers -= 1

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def call_async(handler, scope: dict[str, Any], *messages: dict[str, Any]) -> Wire:
    wire = Wire(*messages)
    await AsgiAdapter(FunctionApp(handler))(scope, wire.receive, wire.send)
    return wire


def call(handler, scope: dict[str, Any] | None = None, *messages: dict[str, Any]) -> Wire:
    return asyncio.run(call_async(handler, scope or http_scope(), *(messages or (piece(),))))
