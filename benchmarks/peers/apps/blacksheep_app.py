"""BlackSheep, with orjson as its documentation shows, and msgspec."""

from __future__ import annotations

import msgspec
import orjson
from blacksheep import Application, FromFiles, Request, WebSocket, WebSocketDisconnectError, json, text
from blacksheep.server.responses import bad_request, file
from blacksheep.settings.json import json_settings

from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

json_settings.use(loads=orjson.loads, dumps=lambda value: orjson.dumps(value).decode())

app = Application()


class Item(msgspec.Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


for number in OTHER_ROUTES:

    @app.router.get(f"/section{number}/{{name}}")
    async def other(name: str):
        return text(name)


@app.router.get("/json")
async def answer_json():
    return json({"message": "Hello, World!"})


@app.router.get("/plaintext")
async def plaintext():
    return text("Hello, World!")


@app.router.get("/users/{int:user}/posts/{post}")
async def params(user: int, post: str):
    return json({"user": user, "post": post})


@app.router.post("/items")
async def items(request: Request):
    # Its own reader makes a dataclass of whatever comes, so msgspec checks the body.
    try:
        item = msgspec.json.decode(await request.read(), type=Item)
    except msgspec.ValidationError:
        return bad_request()
    return json({"name": item.name, "total": item.price * item.quantity})


@app.router.get("/files/{name}")
async def files(name: str):
    return file(str(FILES / name), "application/octet-stream")


@app.router.post("/upload")
async def upload(files: FromFiles):
    return json({"size": len(files.value[0].data)})


@app.router.ws("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnectError:
        pass
