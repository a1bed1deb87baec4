"""The limit of an ASGI server: the answers by hand, without a framework."""

from __future__ import annotations

import re

import msgspec

encode, decode = msgspec.json.encode, msgspec.json.decode
match_parameters = re.compile(r"/users/(\d+)/posts/([^/]+)\Z").match


class Item(msgspec.Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
        return
    if scope["type"] != "http":
        return
    path, content_type, status = scope["path"], b"application/json", 200
    if path == "/json":
        body = encode({"message": "Hello, World!"})
    elif path == "/plaintext":
        body, content_type = b"Hello, World!", b"text/plain; charset=utf-8"
    elif path == "/items":
        message = await receive()
        whole = message["body"]
        while message.get("more_body"):
            message = await receive()
            whole += message["body"]
        item = decode(whole, type=Item)
        body = encode({"name": item.name, "total": item.price * item.quantity})
    elif match := match_parameters(path):
        body = encode({"user": int(match[1]), "post": match[2]})
    else:
        body, status = b"{}", 404
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
