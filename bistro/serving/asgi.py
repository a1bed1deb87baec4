"""The ASGI 3 side of an application: what runs under uvicorn, hypercorn and granian.

Everything that lasts longer than a request is in the `AsgiAdapter`; `asgi_exchange.py` has the
request itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bistro.ground.types import Application, AsgiReceive, AsgiScope, AsgiSend
from bistro.serving.asgi_exchange import AsgiExchange
from bistro.serving.asgi_socket import AsgiHandshake, AsgiWire, as_http_scope, refusal_sender
from bistro.serving.guard import guard
from bistro.serving.header_block import HeaderBlockCache, split_header_block
from bistro.serving.limits import Limits
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_body import WITH_BODY
from bistro.serving.pulled_socket import PulledSocket, run_conversation
from bistro.serving.stepping import DONE
from bistro.serving.target import (
    KNOWN_SIZE_MAX,
    KnownPaths,
    beneath,
    encode_path,
    find_refusal,
    from_absolute_form,
)


class AsgiAdapter:
    """An ASGI 3 callable for `app`; make one for each application and keep it.

    Servers with a lifespan start and stop the application by it; for others the first request
    starts it, and nobody stops it. An application that fails to start does so for each request.
    """

    __slots__ = (
        "_app",
        "_blocks",
        "_find_known",
        "_headers_count_max",
        "_is_started",
        "_known",
        "_limits",
        "_overseer",
        "_query_size_max",
        "_starting",
    )

    def __init__(self, app: Application, limits: Limits | None = None) -> None:
        self._app = app
        self._blocks = HeaderBlockCache(split_header_block)
        self._known = KnownPaths()
        self._overseer = Overseer()
        self._find_known = self._known.find
        self._is_started = False
        self._limits = limits = limits or Limits()
        # With the longest path that is known, not longer than the limit allows.
        self._query_size_max = limits.request_line_size_max - KNOWN_SIZE_MAX
        self._headers_count_max = limits.headers_count_max
        self._starting: asyncio.Future[None] | None = None

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one scope, as the ASGI specification 3.0 asks."""
        # One function for the usual request: each further coroutine on its way costs 0.1 µs.
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        if not self._is_started:
            await self._start_once()
        raw_path = None if scope.get("root_path") else self._find_known(scope.get("raw_path"))
        # What servers leave to the application: uvicorn limits neither of the two.
        if (
            raw_path is None
            or len(scope["query_string"]) > self._query_size_max
            or len(scope["headers"]) > self._headers_count_max
        ):
            raw_path = await self._judge(scope, send)
            if raw_path is None:
                return
        exchange = AsgiExchange(scope, receive, send, raw_path, self._blocks, self._overseer)
        try:
            if exchange.method in WITH_BODY:
                await exchange.fetch_small_body()
            coroutine = self._app.handle(exchange)
            if coroutine is not None:
                # No exception where a value will do: 0.1 µs.
                steps = coroutine.__await__()
                awaited = next(steps, DONE)
                if awaited is not DONE:
                    await guard(steps, awaited, exchange, self._overseer)
            if exchange.head is not None:
                await send(exchange.head)
                await send({"type": "http.response.body", "body": exchange.answer})
        except OSError:
            pass  # `send` found that the client has gone; there is nobody to tell
        finally:
            if exchange.inbox is not None:
                exchange.inbox.close()

    async def _judge(self, scope: AsgiScope, refuse: AsgiSend) -> str | None:
        """The path to route; None for a request that is refused, and now is."""
        raw_path = find_raw_path(scope)
        target_size, headers_count = len(raw_path) + len(scope["query_string"]), len(scope["headers"])
        refusal = find_refusal(raw_path, target_size, headers_count, self._limits)
        if refusal is not None:
            await self._refuse(scope, refuse, *refusal)
            return None
        raw: bytes | None = scope.get("raw_path")
        if raw is not None and not scope.get("root_path"):
            self._known.add(raw, raw_path)
        return raw_path

    async def _serve_other(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._serve_lifespan(receive, send)
        elif kind == "websocket":
            await self._serve_websocket(scope, receive, send)
        else:
            raise ValueError(f"there is no ASGI scope type {kind!r} that Bistro knows")

    async def _serve_websocket(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        await self._start_once()
        scope = as_http_scope(scope)
        refuse = refusal_sender(scope, send)
        await receive()  # "websocket.connect", which has to be taken before any answer
        raw_path = await self._judge(scope, refuse)
        if raw_path is None:
            return
        link = PulledSocket(AsgiWire(receive, send))
        exchange = AsgiHandshake(scope, receive, refuse, raw_path, self._blocks, self._overseer, link)
        await run_conversation(self._app, exchange, link)
        if not link.is_accepted:
            with suppress(OSError):  # the client has gone; there is nobody to tell
                await exchange.send_kept()

    async def _refuse(self, scope: AsgiScope, send: AsgiSend, status: int, detail: str) -> None:
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


def find_raw_path(scope: AsgiScope) -> str:
    """The path to route, still percent-encoded and beneath `root_path`; empty if it is malformed."""
    raw: bytes | None = scope.get("raw_path")
    try:
        path = encode_path(scope["path"]) if raw is None else raw.decode("ascii")
    except ValueError:  # not ASCII, or a lone surrogate
        return ""
    if "?" in path:  # some servers leave the query there
        path = path.partition("?")[0]
    if path[:1] != "/":
        path = from_absolute_form(path)
    root = scope.get("root_path")
    return beneath(path, root) if root and path else path
