"""The applications that are measured: the four cases, sync, async, and with all default plugins.

python benchmarks/apps.py KIND PORT        KIND: sync, async, defaults
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from bistro import App
from bistro.plugins import RequestLog


class Item(msgspec.Struct):
    """The five fields of the validated body."""

    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


def make_sync_app(*, defaults: bool = False, extra_routes: int = 28) -> App:
    """Handlers with `def … blocking=False`; log lines of default plugins are made and thrown away."""
    app = App(RequestLog(stream=Path(os.devnull).open("wb"))) if defaults else App(defaults=False)  # noqa: SIM115 - it stays open with the app

    @app.get("/plaintext", blocking=False)
    def plaintext() -> str:
        return "Hello, World!"

    @app.get("/json", blocking=False)
    def json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.get("/users/{user:int}/posts/{post}", blocking=False)
    def params(user: int, post: str) -> dict[str, object]:
        return {"user": user, "post": post}

    @app.post("/items", blocking=False)
    def items(item: Item) -> dict[str, object]:
        return {"name": item.name, "total": item.price * item.quantity}

    _add_routes(app, extra_routes)
    return app


def make_async_app(*, defaults: bool = False, extra_routes: int = 28) -> App:
    """The same with `async def`."""
    app = App(defaults=defaults)

    @app.get("/plaintext")
    async def plaintext() -> str:
        return "Hello, World!"

    @app.get("/json")
    async def json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.get("/users/{user:int}/posts/{post}")
    async def params(user: int, post: str) -> dict[str, object]:
        return {"user": user, "post": post}

    @app.post("/items")
    async def items(item: Item) -> dict[str, object]:
        return {"name": item.name, "total": item.price * item.quantity}

    _add_routes(app, extra_routes)
    return app


def _add_routes(app: App, count: int) -> None:
    """More routes, so that nobody is measured with an empty table."""
    for number in range(count):

        @app.get(f"/section{number}/{{name}}", name=f"other{number}", blocking=False)
        def other(name: str) -> str:
            return name


async def serve(kind: str, port: int) -> None:
    from bistro.serving import Server

    app = make_async_app() if kind == "async" else make_sync_app(defaults=kind == "defaults")
    server = Server(app, port=port)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
