"""Bistro: with `async def`, with `def … blocking=False`, and with all default plugins."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from benchmarks.peers.apps.common import FILES, OTHER_ROUTES
from bistro import App, File, Upload, WebSocket
from bistro.plugins import RequestLog


class Item(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


def add_files(app: App) -> None:
    @app.get("/files/{name}", blocking=False)
    def files(name: str) -> File:
        return File(FILES / name, inside=FILES)

    @app.post("/upload")
    async def upload(file: Upload) -> dict[str, int]:
        return {"size": file.size}

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)


def make_async_app(app: App) -> App:
    for number in OTHER_ROUTES:

        @app.get(f"/section{number}/{{name}}", name=f"other{number}")
        async def other(name: str) -> str:
            return name

    @app.get("/json")
    async def json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.get("/plaintext")
    async def plaintext() -> str:
        return "Hello, World!"

    @app.get("/users/{user:int}/posts/{post}")
    async def params(user: int, post: str) -> dict[str, object]:
        return {"user": user, "post": post}

    @app.post("/items")
    async def items(item: Item) -> dict[str, object]:
        return {"name": item.name, "total": item.price * item.quantity}

    add_files(app)
    return app


def make_sync_app(app: App) -> App:
    for number in OTHER_ROUTES:

        @app.get(f"/section{number}/{{name}}", name=f"other{number}", blocking=False)
        def other(name: str) -> str:
            return name

    @app.get("/json", blocking=False)
    def json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.get("/plaintext", blocking=False)
    def plaintext() -> str:
        return "Hello, World!"

    @app.get("/users/{user:int}/posts/{post}", blocking=False)
    def params(user: int, post: str) -> dict[str, object]:
        return {"user": user, "post": post}

    @app.post("/items", blocking=False)
    def items(item: Item) -> dict[str, object]:
        return {"name": item.name, "total": item.price * item.quantity}

    add_files(app)
    return app


app = make_async_app(App(defaults=False))
in_place = make_sync_app(App(defaults=False))
with_defaults = make_async_app(App(RequestLog(stream=Path(os.devnull).open("wb"))))  # noqa: SIM115 - open as long as the app
