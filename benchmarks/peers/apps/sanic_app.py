"""Sanic on its own server; the body is checked by hand."""

from __future__ import annotations

import sys

from sanic import Sanic
from sanic.exceptions import SanicException
from sanic.response import file, json, text

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

app = Sanic("peer")
app.config.ACCESS_LOG = False

for number in OTHER_ROUTES:

    @app.get(f"/section{number}/<name>", name=f"other{number}")
    async def other(request, name):
        return text(name)


@app.get("/json")
async def answer_json(request):
    return json({"message": "Hello, World!"})


@app.get("/plaintext")
async def plaintext(request):
    return text("Hello, World!")


@app.get("/users/<user:int>/posts/<post>")
async def params(request, user, post):
    return json({"user": user, "post": post})


@app.post("/items")
async def items(request):
    item = request.json
    if not check_item(item):
        raise SanicException(status_code=422)
    return json({"name": item["name"], "total": item["price"] * item["quantity"]})


@app.get("/files/<name>")
async def files(request, name):
    return await file(FILES / name)


@app.post("/upload")
async def upload(request):
    return json({"size": len(request.files.get("file").body)})


@app.websocket("/echo")
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), single_process=True, access_log=False, motd=False)
