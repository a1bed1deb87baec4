"""The site whose WebSockets all servers have to serve alike."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from bistro import App, Query, Request, WebSocket
from bistro.http import Unauthorized

app = App()
seen: list[str] = []


class Order(Struct):
    dish: str
    count: int


def only_members(request: Request) -> None:
    if request.cookies.get("who") != "ada":
        raise Unauthorized("Log in first.")


@app.get("/seen")
async def show_seen() -> list[str]:
    return seen


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)
    seen.append(f"echo {socket.close_code}")


@app.websocket("/values/{number:int}", before=[only_members])
async def values(socket: WebSocket, number: int, word: Query[str]) -> None:
    await socket.accept("v1" if "v1" in socket.subprotocols else None, headers={"x-room": "kitchen"})
    await socket.send_json([number, word, socket.request.scheme, socket.request.path])


@app.websocket("/orders", message_size_max=1000)
async def orders(socket: WebSocket) -> None:
    while True:
        order = await socket.receive_json(Order)
        await socket.send_json({"total": order.count * 2})


@app.websocket("/bye")
async def bye(socket: WebSocket) -> None:
    await socket.receive()
    await socket.close(4321, "that is all")


@app.websocket("/broken")
async def broken(socket: WebSocket) -> None:
    await socket.accept()
    raise ZeroDivisionError


@app.websocket("/deaf")
async def deaf(socket: WebSocket) -> None:
    await socket.accept()
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("deaf ended")
