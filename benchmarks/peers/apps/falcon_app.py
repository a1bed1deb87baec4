"""Falcon (WSGI) with msgspec, as its recipes show."""

from __future__ import annotations

import falcon
import msgspec
from falcon.media import JSONHandler

from benchmarks.peers.apps.common import FILES, OTHER_ROUTES


class Item(msgspec.Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


class Json:
    def on_get(self, request, response):
        response.media = {"message": "Hello, World!"}


class Plaintext:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        response.text = "Hello, World!"


class Params:
    def on_get(self, request, response, user, post):
        response.media = {"user": user, "post": post}


class Items:
    def on_post(self, request, response):
        item = msgspec.convert(request.get_media(), Item)
        response.media = {"name": item.name, "total": item.price * item.quantity}


class Files:
    def on_get(self, request, response, name):
        path = FILES / name
        response.content_type = "application/octet-stream"
        response.set_stream(path.open("rb"), path.stat().st_size)


class Upload:
    def on_post(self, request, response):
        for part in request.get_media():
            if part.name == "file":
                response.media = {"size": len(part.stream.read())}


class Other:
    def on_get(self, request, response, name):
        response.content_type = falcon.MEDIA_TEXT
        response.text = name


def refuse(request, response, error, params):
    raise falcon.HTTPUnprocessableEntity


app = falcon.App()
app.add_error_handler(msgspec.ValidationError, refuse)
handler = JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)
app.req_options.media_handlers["application/json"] = handler
app.resp_options.media_handlers["application/json"] = handler
for number in OTHER_ROUTES:
    app.add_route(f"/section{number}/{{name}}", Other())
app.add_route("/json", Json())
app.add_route("/plaintext", Plaintext())
app.add_route("/users/{user:int}/posts/{post}", Params())
app.add_route("/items", Items())
app.add_route("/files/{name}", Files())
app.add_route("/upload", Upload())
