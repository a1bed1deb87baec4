"""What the servers of others are measured with: hand-written applications, and Bistro's.

uvicorn benchmarks.adapter_apps:raw_asgi      granian --interface rsgi benchmarks.adapter_apps:raw_rsgi
"""

from __future__ import annotations

from benchmarks.apps import make_async_app, make_sync_app
from benchmarks.limit import decode_item, encode, json, match_parameters, plaintext

sync_app = make_sync_app()
async_app = make_async_app()

TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")
TEXT_HEADERS = [("content-type", "text/plain; charset=utf-8")]
JSON_HEADERS = [("content-type", "application/json")]


async def raw_asgi(scope, receive, send):
    """The four cases by hand, as little as the specification allows."""
    if scope["type"] != "http":
        return
    path, kind = scope["path"], JSON
    if path == "/plaintext":
        content, kind = plaintext().encode(), TEXT
    elif path == "/json":
        content = encode(json())
    elif path == "/items":
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        item = decode_item(body)
        content = encode({"name": item.name, "total": item.price * item.quantity})
    else:
        match = match_parameters(path)
        content = encode({"user": int(match[1]), "post": match[2]})
    headers = [kind, (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def raw_rsgi(scope, protocol):
    """The four cases by hand."""
    path, headers = scope.path, JSON_HEADERS
    if path == "/plaintext":
        content, headers = plaintext().encode(), TEXT_HEADERS
    elif path == "/json":
        content = encode(json())
    elif path == "/items":
        item = decode_item(await protocol())
        content = encode({"name": item.name, "total": item.price * item.quantity})
    else:
        match = match_parameters(path)
        content = encode({"user": int(match[1]), "post": match[2]})
    protocol.response_bytes(200, headers, content)
