"""Requests of an app to itself, within the process: the same hooks and handlers, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias  # Any: what a coroutine yields is between it and its event loop

from bistro.forms import FormRefused
from bistro.ground.types import Application
from bistro.http import Request, Response
from bistro.serving.memory import MemoryExchange

DEPTH_MAX = 8
UNREAD_MAX = 64 * 1024
PAGE_SIZE_MAX = 10 * 1024 * 1024
# What says for whom something is asked; everything else of a request is about its own body or answer.
HANDED_ON = frozenset({b"host", b"cookie", b"authorization", b"accept-language", b"x-request-id"})


class SubExchange(MemoryExchange):
    """The exchange of a request that a handler makes; `depth` counts those around it."""

    depth = 1
    refused_form: FormRefused | None = None
    """What the page is to show, where it is the page of a form that was refused."""


Run: TypeAlias = Callable[[SubExchange], Coroutine[Any, Any, None] | None]


async def ask_itself(
    app: Application,
    target: str,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    of: Request,
    size_max: int,
) -> Response:
    """The answer of `app` to a request on behalf of `of`.

    Raises RuntimeError for an answer over `size_max` bytes, and for more than 8 within each other.
    """
    exchange = _make_exchange(target, method, headers, body, of)
    return await _collect(app.handle, exchange, size_max)


async def show_again(run: Run, of: Request, refused: FormRefused) -> Response:
    """The page of a form, with what was sent in `of` and what is wrong with it.

    `run` is what answers a GET request for the same path, for the same client.
    """
    target = of.exchange.raw_path + (f"?{of.exchange.query_string}" if of.exchange.query_string else "")
    headers = {"accept": of.headers.get("accept", "text/html"), "x-request-id": of.id}
    if "accept-encoding" in of.headers:  # it is sent as the page's own hooks leave it
        headers["accept-encoding"] = of.headers["accept-encoding"]
    exchange = _make_exchange(target, "GET", headers, b"", of)
    exchange.refused_form = refused
    response = await _collect(run, exchange, PAGE_SIZE_MAX)
    note = getattr(of.exchange, "note_error", None)
    if exchange.error is not None and note is not None:
        note(exchange.error)  # so that a test sees it as if it had asked for the page itself
    if response.status == 200 and refused.problems:
        response.status = 422
    for name in ("etag", "last-modified"):  # it is not the page as others get it
        response.headers.pop(name, None)
    return response


async def _collect(run: Run, exchange: SubExchange, size_max: int) -> Response:
    # A task of its own: what its hooks set in the context is not for the request that asks.
    task = asyncio.get_running_loop().create_task(_handle(run, exchange))
    content = bytearray()
    try:
        await exchange.wait_for_start()
        while pieces := await exchange.wait_for_pieces():
            content += b"".join(pieces)
            if len(content) > size_max:
                asked = f"{exchange.method} {exchange.raw_path}"
                raise RuntimeError(f"the answer of {asked} is larger than {size_max:,} bytes")
        await task
    finally:
        task.cancel()
    response = Response.prepared(exchange.status, b"", bytes(content))
    for name, value in exchange.headers:
        if name != b"content-length":
            response.add_header(name.decode("latin-1"), value.decode("latin-1"))
    return response


def _make_exchange(
    target: str, method: str, headers: Mapping[str, str], body: bytes, of: Request
) -> SubExchange:
    outer = of.exchange
    depth = getattr(outer, "depth", 0) + 1
    if depth > DEPTH_MAX:
        raise RuntimeError(f"more than {DEPTH_MAX} requests of the app to itself within each other: {target}")
    # The site's own code asks, which no page of another site can make it do.
    own = {b"sec-fetch-site": b"same-origin"}
    own |= {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}
    pairs = [pair for pair in outer.header_items() if pair[0] in HANDED_ON and pair[0] not in own]
    exchange = SubExchange(
        method,
        target,
        headers=[*pairs, *own.items()],
        body=body,
        scheme=outer.scheme,
        client=outer.client,
        unread_max=UNREAD_MAX,
    )
    exchange.root_path = outer.root_path
    exchange.depth = depth
    return exchange


async def _handle(run: Run, exchange: SubExchange) -> None:
    try:
        coroutine = run(exchange)
        if coroutine is not None:
            await coroutine
    finally:
        if not exchange.is_finished:
            exchange.abort()  # whoever waits for more is not to wait for ever
