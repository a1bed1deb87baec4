"""The ASGI 3 side of an application: what runs under uvicorn, hypercorn and granian.

Everything that lasts longer than a request is in the `AsgiAdapter`; `asgi_exchange.py` has the
request itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final
from urllib.parse import quote

from bistro.ground.types import Application, AsgiReceive, AsgiScope, AsgiSend
from bistro.serving.asgi_exchange import AsgiExchange
from bistro.serving.header_block import HeaderBlockCache
from bistro.serving.limits import Limits
from bistro.serving.stepping import resume


class AsgiAdapter:
    """An ASGI 3 callable for `app`; make one for each application and keep it.

    Servers with a lifespan start and stop the application by it; for others the first request
    starts it, and nobody stops it. An application that fails to start does so for each request.
    """

    __slots__ = ("_app", "_blocks", "_headers_count_max", "_is_started", "_starting", "_target_size_max")

    def __init__(self, app: Application, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._app = app
        self._blocks = HeaderBlockCache()
        self._headers_count_max = limits.headers_count_max
        self._target_size_max = limits.request_line_size_max
        self._is_started = False
        self._starting: asyncio.Future[None] | None = None

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one scope, as the ASGI specification 3.0 asks."""
        # One function for the usual request: each further coroutine on its way costs 0.1 µs.
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        if not self._is_started:
            await self._start_once()
        raw_path = find_raw_path(scope)
        # What servers leave to the application: uvicorn limits neither of the two.
        if (
            raw_path is None
            or len(scope["headers"]) > self._headers_count_max
            or len(raw_path) + len(scope["query_string"]) > self._target_size_max
        ):
            await self._refuse(scope, send, raw_path)
            return
        exchange = AsgiExchange(scope, receive, send, raw_path, self._blocks)
        try:
            coroutine = self._app.handle(exchange)
            if coroutine is not None:
                try:
                    awaited = coroutine.send(None)
                except StopIteration:
                    pass
                else:
                    await _go_on(coroutine, awaited, exchange)
            if exchange.head is not None:
                await send(exchange.head)
                await send({"type": "http.response.body", "body": exchange.answer})
        except OSError:
            pass  # `send` found that the client has gone; there is nobody to tell
        finally:
            if exchange.inbox is not None:
                exchange.inbox.close()

    async def _serve_other(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._serve_lifespan(receive, send)
        elif kind == "websocket":
            await _refuse_websocket(receive, send)
        else:
            raise ValueError(f"there is no ASGI scope type {kind!r} that Bistro knows")

    async def _refuse(self, scope: AsgiScope, send: AsgiSend, raw_path: str | None) -> None:
        if raw_path is None:
            status, detail = 400, "The path of the request is no valid path."
        elif len(scope["headers"]) > self._headers_count_max:
            status, detail = 431, f"The request has more than {self._headers_count_max} headers."
        else:
            status, detail = 414, f"The URL is longer than {self._target_size_max:,} bytes."
        body = f"{detail}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        client = scope.get("client")
        self._app.refuse(status, detail, (client[0], client[1]) if client else None)

    async def _serve_lifespan(self, receive: AsgiReceive, send: AsgiSend) -> None:
        while True:
            kind = (await receive())["type"]
            is_startup = kind == "lifespan.startup"
            try:
                await (self._start_once() if is_startup else self._app.stop())
            except Exception as error:  # noqa: BLE001 - whatever stops the site is told to the server
                await send({"type": f"{kind}.failed", "message": str(error) or repr(error)})
                return
            await send({"type": f"{kind}.complete"})
            if not is_startup:
                return

    async def _start_once(self) -> None:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._app.start())
        # Shielded: when the first client goes away, the start goes on for the others.
        await asyncio.shield(self._starting)
        self._is_started = True


# Any: what a coroutine yields and is sent is between it and its event loop.
async def _go_on(coroutine: Coroutine[Any, Any, None], awaited: Any, exchange: AsgiExchange) -> None:
    """Wait for a handler that has begun to wait; cancel it when its client goes away."""
    inbox = exchange.get_inbox()
    task = asyncio.current_task()
    assert task is not None
    cancelling = task.cancelling()
    inbox.cancel_when_gone(task)
    try:
        await resume(coroutine.__await__(), awaited)
    except asyncio.CancelledError:
        # The task is the server's: it must not be told of a cancellation that is ours.
        if not inbox.is_cancelled or task.uncancel() > cancelling:
            raise
    else:
        if inbox.is_cancelled:
            task.uncancel()


def find_raw_path(scope: AsgiScope) -> str | None:
    """The path to route, still percent-encoded and beneath `root_path`; None if it is malformed."""
    raw: bytes | None = scope.get("raw_path")
    try:
        path = quote(scope["path"], safe=_SAFE_IN_PATH) if raw is None else raw.decode("ascii")
    except ValueError:  # not ASCII, or a lone surrogate
        return None
    if "?" in path:  # some servers leave the query there
        path = path.partition("?")[0]
    if path[:1] != "/":
        path = _from_absolute_form(path)
    root = scope.get("root_path")
    if root and path:
        path = _beneath(path, quote(root.rstrip("/"), safe=_SAFE_IN_PATH))
    return path or None


def _from_absolute_form(path: str) -> str:
    # RFC 9112 §3.2.2: every server must accept `GET http://host/path`.
    scheme, separator, rest = path.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return ""
    return "/" + rest.partition("/")[2]


def _beneath(path: str, root: str) -> str:
    # The specification has the root in `path`; hypercorn, and proxies that strip it, leave it out.
    if path == root:
        return "/"
    return path[len(root) :] if path.startswith(root + "/") else path


async def _refuse_websocket(receive: AsgiReceive, send: AsgiSend) -> None:
    # Closing before accepting: the server answers the handshake with 403.
    await receive()
    await send({"type": "websocket.close", "code": 1000})


# What RFC 3986 §3.3 allows in a path besides letters and digits.
_SAFE_IN_PATH: Final = "/:@!$&'()*+,;=~-._"
