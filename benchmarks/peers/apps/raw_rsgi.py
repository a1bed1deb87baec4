"""The limit of granian: the answers by hand over RSGI, without a framework."""

from __future__ import annotations

from benchmarks.peers.apps.raw_asgi import Item, decode, encode, match_parameters

JSON = [("content-type", "application/json")]
TEXT = [("content-type", "text/plain; charset=utf-8")]


async def app(scope, protocol):
    if scope.proto == "ws":
        socket = await protocol.accept()
        while (message := await socket.receive()).kind != 0:
            await socket.send_str(message.data)
        return
    path = scope.path
    if path == "/json":
        protocol.response_bytes(200, JSON, encode({"message": "Hello, World!"}))
    elif path == "/plaintext":
        protocol.response_str(200, TEXT, "Hello, World!")
    elif path == "/items":
        item = decode(await protocol(), type=Item)
        protocol.response_bytes(200, JSON, encode({"name": item.name, "total": item.price * item.quantity}))
    elif match := match_parameters(path):
        protocol.response_bytes(200, JSON, encode({"user": int(match[1]), "post": match[2]}))
    else:
        protocol.response_empty(404, [])
