"""The raw limit: the same answers from a hand-written protocol on uvloop and httptools.

What a careful hand writes on the same parts: a dictionary for paths, one regular
expression for parameters, msgspec for JSON, headers made once, no limits and no time-outs.

    python benchmarks/limit.py PORT
"""

from __future__ import annotations

import asyncio
import re
import sys
from email.utils import formatdate
from typing import Any

import httptools
import msgspec
import uvloop


class Item(msgspec.Struct):
    """The five fields of the validated body."""

    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


encode = msgspec.json.Encoder().encode
decode_item = msgspec.json.Decoder(Item).decode
match_parameters = re.compile(r"/users/(\d+)/posts/([^/]+)\Z").match
date = [b""]
TEXT = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d"
JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d"


def plaintext() -> str:
    return "Hello, World!"


def json() -> dict[str, str]:
    return {"message": "Hello, World!"}


def answer(method: str, path: str, body: bytes) -> bytes:
    """The whole answer to one request."""
    if path == "/plaintext":
        content, head = plaintext().encode(), TEXT
    elif path == "/json":
        content, head = encode(json()), JSON
    elif path == "/items" and method == "POST":
        item = decode_item(body)
        content, head = encode({"name": item.name, "total": item.price * item.quantity}), JSON
    else:
        match = match_parameters(path)
        if match is None:
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0" + date[0]
        content, head = encode({"user": int(match[1]), "post": match[2]}), JSON
    return head % len(content) + date[0] + content


class Protocol(asyncio.Protocol):
    """Bytes in, bytes out."""

    __slots__ = ("body", "headers", "out", "parser", "transport", "url")

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.out: list[bytes] = []
        self.parser.feed_data(data)
        out = self.out
        if out:
            self.transport.write(out[0] if len(out) == 1 else b"".join(out))

    def on_url(self, url: bytes) -> None:
        self.url = url
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body = self.body + body if self.body else body

    def on_message_complete(self) -> None:
        path = self.url.decode()
        if "?" in path:
            path, _, _ = path.partition("?")
        self.out.append(answer(self.parser.get_method().decode(), path, self.body))


def tick(loop: asyncio.AbstractEventLoop) -> None:
    date[0] = b"\r\ndate: " + formatdate(usegmt=True).encode() + b"\r\n\r\n"
    loop.call_later(1, tick, loop)


async def main() -> None:
    loop = asyncio.get_running_loop()
    tick(loop)
    server = await loop.create_server(Protocol, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
