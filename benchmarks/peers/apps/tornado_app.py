"""Tornado on its own server; the body is checked by hand."""

from __future__ import annotations

import asyncio
import json
import sys

from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketHandler

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES


class Json(RequestHandler):
    def get(self):
        self.write({"message": "Hello, World!"})


class Plaintext(RequestHandler):
    def get(self):
        self.set_header("content-type", "text/plain; charset=utf-8")
        self.write("Hello, World!")


class Params(RequestHandler):
    def get(self, user, post):
        self.write({"user": int(user), "post": post})


class Items(RequestHandler):
    def post(self):
        item = json.loads(self.request.body)
        if not check_item(item):
            raise HTTPError(422)
        self.write({"name": item["name"], "total": item["price"] * item["quantity"]})


class Upload(RequestHandler):
    def post(self):
        self.write({"size": len(self.request.files["file"][0]["body"])})


class Echo(WebSocketHandler):
    def on_message(self, message):
        return self.write_message(message)


class Other(RequestHandler):
    def get(self, name):
        self.write(name)


async def serve(port):
    app = Application(
        [
            *[(rf"/section{number}/([^/]+)", Other) for number in OTHER_ROUTES],
            (r"/json", Json),
            (r"/plaintext", Plaintext),
            (r"/users/(\d+)/posts/([^/]+)", Params),
            (r"/items", Items),
            (r"/files/(.+)", StaticFileHandler, {"path": str(FILES)}),
            (r"/upload", Upload),
            (r"/echo", Echo),
        ],
        log_function=lambda handler: None,
    )
    app.listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
