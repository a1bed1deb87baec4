"""Flask; the body is checked by hand."""

from __future__ import annotations

from flask import Flask, Response, abort, request, send_file

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

app = Flask(__name__)

for number in OTHER_ROUTES:

    @app.get(f"/section{number}/<name>", endpoint=f"other{number}")
    def other(name):
        return Response(name, mimetype="text/plain")


@app.get("/json")
def json():
    return {"message": "Hello, World!"}


@app.get("/plaintext")
def plaintext():
    return Response("Hello, World!", mimetype="text/plain")


@app.get("/users/<int:user>/posts/<post>")
def params(user, post):
    return {"user": user, "post": post}


@app.post("/items")
def items():
    item = request.get_json()
    if not check_item(item):
        abort(422)
    return {"name": item["name"], "total": item["price"] * item["quantity"]}


@app.get("/files/<name>")
def files(name):
    return send_file((FILES / name).absolute())


@app.post("/upload")
def upload():
    return {"size": len(request.files["file"].read())}
