"""Robyn on its own server; the body is checked by hand."""

from __future__ import annotations

import json
import sys

from robyn import Request, Response, Robyn, serve_file

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

app = Robyn(__file__)


def add_other(number):
    @app.get(f"/section{number}/:name")
    async def other(request: Request):
        return request.path_params["name"]


for number in OTHER_ROUTES:
    add_other(number)


@app.get("/json")
async def answer_json(request: Request):
    return {"message": "Hello, World!"}


@app.get("/plaintext")
async def plaintext(request: Request):
    return "Hello, World!"


@app.get("/users/:user/posts/:post")
async def params(request: Request):
    return {"user": int(request.path_params["user"]), "post": request.path_params["post"]}


@app.post("/items")
async def items(request: Request):
    item = json.loads(request.body)
    if not check_item(item):
        return Response(422, {}, "")
    return {"name": item["name"], "total": item["price"] * item["quantity"]}


@app.get("/files/:name")
async def files(request: Request):
    return serve_file(str(FILES / request.path_params["name"]))


@app.post("/upload")
async def upload(request: Request):
    return {"size": len(next(iter(request.files.values())))}


if __name__ == "__main__":
    app.start(host="127.0.0.1", port=int(sys.argv[1]))
