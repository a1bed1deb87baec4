"""Emmett on granian, its own choice; the body is checked by hand."""

from __future__ import annotations

import json

from emmett import App, abort, request, response
from emmett.tools import service

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

app = App(__name__)
app.config.handle_static = False


def add_other(number):
    @app.route(f"/section{number}/<str:name>", name=f"other{number}", methods=["get"], output="str")
    async def other(name):
        return name


for number in OTHER_ROUTES:
    add_other(number)


@app.route("/json", methods=["get"])
@service.json
async def answer_json():
    return {"message": "Hello, World!"}


@app.route("/plaintext", methods=["get"], output="str")
async def plaintext():
    response.content_type = "text/plain"
    return "Hello, World!"


@app.route("/users/<int:user>/posts/<str:post>", methods=["get"])
@service.json
async def params(user, post):
    return {"user": int(user), "post": post}


@app.route("/items", methods=["post"])
@service.json
async def items():
    item = json.loads(await request.body)
    if not check_item(item):
        abort(422)
    return {"name": item["name"], "total": item["price"] * item["quantity"]}


@app.route("/files/<any:name>", methods=["get"])
async def files(name):
    return response.wrap_file(FILES / name)


@app.route("/upload", methods=["post"])
@service.json
async def upload():
    files = await request.files
    return {"size": files.file.size}


@app.websocket("/echo")
async def echo():
    from emmett import websocket

    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())
