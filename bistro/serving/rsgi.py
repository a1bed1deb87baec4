"""The RSGI side of an application: what runs under `granian --interface rsgi`, with HTTP/2 and TLS.

Everything that lasts longer than a request is in the `RsgiAdapter`; `rsgi_exchange.py` has the
request itself.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from bistro.ground.types import Application, RsgiProtocol, RsgiScope
from bistro.serving.guard import guard
from bistro.serving.header_block import HeaderBlockCache, split_header_texts
from bistro.serving.limits import Limits
from bistro.serving.overseer import Overseer
from bistro.serving.pulled_body import WITH_BODY
from bistro.serving.pulled_socket import PulledSocket, run_conversation
from bistro.serving.rsgi_exchange import RsgiExchange, read_client
from bistro.serving.rsgi_socket import RsgiHandshake, RsgiWire
from bistro.serving.stepping import DONE
from bistro.serving.target import KnownPaths, encode_path, find_refusal


class RsgiAdapter:
    """The RSGI functions for `app`; make one for each application and keep it."""

    __slots__ = ("_app", "_blocks", "_find_known", "_known", "_limits", "_overseer", "_target_size_max")

    def __init__(self, app: Application, limits: Limits | None = None) -> None:
        self._app = app
        self._blocks = HeaderBlockCache(split_header_texts)
        self._known = KnownPaths()
        self._find_known = self._known.find
        self._overseer = Overseer()
        self._limits = limits = limits or Limits()
        self._target_size_max = limits.request_line_size_max

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the application in `loop`, which does not run yet."""
        loop.run_until_complete(self._app.start())

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop the application in `loop`, which does not run any more."""
        loop.run_until_complete(self._app.stop())

    async def serve(self, scope: RsgiScope, protocol: RsgiProtocol) -> None:
        """Answer one request."""
        if scope.proto != "http":
            await self._serve_socket(scope, protocol)
            return
        # One function for the usual request: each further coroutine on its way costs 0.1 µs.
        path, query_string = scope.path, scope.query_string
        raw_path = self._find_known(path) or self._find_path(path)
        # The count of headers is limited by granian itself.
        if not raw_path or len(raw_path) + len(query_string) > self._target_size_max:
            refusal = find_refusal(raw_path, len(raw_path) + len(query_string), 0, self._limits)
            assert refusal is not None
            self._refuse(scope, protocol, *refusal)
            return
        exchange = RsgiExchange(scope, protocol, raw_path, query_string, self._blocks, self._overseer)
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
        finally:
            if exchange.is_watched:
                exchange.close()

    def _find_path(self, path: str) -> str:
        raw_path = find_raw_path(path)
        self._known.add(path, raw_path)
        return raw_path

    async def _serve_socket(self, scope: RsgiScope, protocol: RsgiProtocol) -> None:
        raw_path, query_string = find_raw_path(scope.path), scope.query_string
        refusal = find_refusal(raw_path, len(raw_path) + len(query_string), 0, self._limits)
        wire = RsgiWire(protocol)
        link = PulledSocket(wire)
        exchange = RsgiHandshake(
            scope, protocol, raw_path or "/", query_string, self._blocks, self._overseer, link
        )
        if refusal is not None:
            exchange.send(refusal[0], b"", b"")
            self._app.refuse(*refusal, exchange.client)
            return
        try:
            await run_conversation(self._app, exchange, link)
        finally:
            await wire.close(1000, "")  # nothing, where it is closed already

    def _refuse(self, scope: RsgiScope, protocol: RsgiProtocol, status: int, detail: str) -> None:
        headers = [("content-type", "text/plain; charset=utf-8")]
        protocol.response_bytes(status, headers, f"{detail}\n".encode())
        self._app.refuse(status, detail, read_client(scope))


def find_raw_path(path: str) -> str:
    """The path to route, percent-encoded; RSGI gives it decoded, so that `%2F` and `/` look alike."""
    if _is_plain(path):
        return path
    # What was no UTF-8 comes as U+FFFD, and is handed on as what it was: no UTF-8.
    return encode_path(path).replace("%EF%BF%BD", "%FF") if path.startswith("/") else ""


_is_plain: Final = re.compile(r"/[A-Za-z0-9/:@!$&'()*+,;=~._-]*").fullmatch
