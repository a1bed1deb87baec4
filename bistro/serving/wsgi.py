"""The WSGI side of an application (PEP 3333): what runs under gunicorn, mod_wsgi, uWSGI and granian.

Everything that lasts longer than a request is in the `WsgiAdapter`. A request is an exchange, in the
event loop's thread, and its `Errands`, in the thread that the server lends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, Final  # Any: `wsgi.input` has no type, values are open

from bistro.ground.types import Application, StartResponse, WsgiEnviron
from bistro.http.errors import BadRequest
from bistro.serving.header_block import HeaderBlockCache, split_header_texts
from bistro.serving.heads import STATUS_LINES
from bistro.serving.limits import Limits
from bistro.serving.loop_thread import LoopThread
from bistro.serving.pulled_body import DIGITS_MAX
from bistro.serving.target import encode_path, find_refusal, find_sent_path
from bistro.serving.wsgi_exchange import End, Head, Order, Piece, Read, WsgiExchange


class WsgiAdapter:
    """A WSGI callable for `app`; make one for each application and keep it.

    The first request starts the application, the end of the process stops it. An application that
    fails to start does so for each request.
    """

    def __init__(self, app: Application, limits: Limits | None = None) -> None:
        self._app = app
        self._blocks = HeaderBlockCache(split_header_texts)
        self._limits = limits or Limits()
        self._thread = LoopThread(app)

    def __call__(self, environ: WsgiEnviron, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, in pieces as the server asks for them."""
        loop = self._thread.get_loop()
        raw_path = find_raw_path(environ)
        refusal = self._find_refusal(environ, raw_path)
        if refusal is not None:
            return self._refuse(environ, start_response, *refusal, loop=loop)
        orders: SimpleQueue[Order] = SimpleQueue()
        exchange = WsgiExchange(environ, raw_path, orders, self._blocks)
        loop.call_soon_threadsafe(self._begin, exchange)
        errands = Errands(environ.get("wsgi.input"), orders, loop, exchange.lose)
        return errands.begin(start_response)

    def close(self) -> None:
        """Stop the application now; the next request starts it again."""
        self._thread.close()

    def _begin(self, exchange: WsgiExchange) -> None:
        coroutine = self._app.handle(exchange)
        if coroutine is not None:
            exchange.run(asyncio.get_running_loop().create_task(coroutine))

    def _find_refusal(self, environ: WsgiEnviron, raw_path: str) -> tuple[int, str] | None:
        length = environ.get("CONTENT_LENGTH")
        if length and not (length.isascii() and length.isdigit()):
            return 400, "The Content-Length is no number."
        if length and len(length) > DIGITS_MAX:
            return 413, "The body is larger than any that there is."
        size = len(raw_path) + len(environ.get("QUERY_STRING", ""))
        count = sum(key.startswith("HTTP_") for key in environ)
        return find_refusal(raw_path, size, count, self._limits)

    def _refuse(
        self,
        environ: WsgiEnviron,
        start_response: StartResponse,
        status: int,
        detail: str,
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> list[bytes]:
        body = f"{detail}\n".encode()
        headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))]
        start_response(STATUS_TEXTS[status], headers)
        address = environ.get("REMOTE_ADDR")
        loop.call_soon_threadsafe(self._app.refuse, status, detail, (address, 0) if address else None)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


class Errands:
    """What the server's thread does for one exchange: reads for it, and gives its pieces to the server."""

    def __init__(
        self,
        body: Any,
        orders: SimpleQueue[Order],
        loop: asyncio.AbstractEventLoop,
        lose: Callable[[], None],
    ) -> None:
        self._input = body
        self._orders = orders
        self._loop = loop
        self._lose = lose
        self._last: Piece | None = None
        self._is_over = False

    def begin(self, start_response: StartResponse) -> Iterable[bytes]:
        """Wait for the head of the answer and give it to the server; the body, or what gives its pieces."""
        head = self._wait()
        if not isinstance(head, Head):
            raise RuntimeError("the application gave no answer")
        start_response(STATUS_TEXTS[head.status], head.headers)
        if head.body is None:
            return self
        return [head.body] if head.body else []

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next piece; a server that asks for it has sent the one before."""
        if self._last is not None:
            self._loop.call_soon_threadsafe(_settle, self._last.taken, None)
            self._last = None
        order = self._wait()
        if isinstance(order, Piece):
            self._last = order
            return order.data
        self._is_over = True
        if isinstance(order, End) and not order.is_broken:
            raise StopIteration
        raise RuntimeError("the answer broke off")

    def close(self) -> None:
        """The server is through with the answer; before its end, that means that the client has gone."""
        if not self._is_over:
            self._is_over = True
            self._loop.call_soon_threadsafe(self._lose)

    def _wait(self) -> Order:
        while True:
            order = self._orders.get()
            if not isinstance(order, Read):
                return order
            self._read(order)

    def _read(self, order: Read) -> None:
        try:
            data = self._input.read(order.size)
        except Exception:  # noqa: BLE001 - each server has its own for a body that is cut off or malformed
            error = BadRequest("The body can't be read: it is malformed or incomplete.")
            self._loop.call_soon_threadsafe(_settle, order.result, None, error)
        else:
            self._loop.call_soon_threadsafe(_settle, order.result, data)


def find_raw_path(environ: Mapping[str, Any]) -> str:
    """The path to route, percent-encoded and beneath the script name; empty if it is malformed.

    PEP 3333 gives the path decoded, so that `%2F` and `/` look alike. Most servers also tell the
    target as it was sent, which is used where it means the same.
    """
    path: bytes = environ.get("PATH_INFO", "").encode("latin-1")
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    raw = find_sent_path(target, environ.get("SCRIPT_NAME", "").encode("latin-1"), path) or encode_path(path)
    return (raw if raw.startswith("/") else "") if raw else "/"


def _settle(future: asyncio.Future[Any], result: object, error: Exception | None = None) -> None:
    if future.done():
        return  # whoever waited has been cancelled
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


STATUS_TEXTS: Final = {
    status: line.removeprefix(b"HTTP/1.1 ").removesuffix(b"\r\n").decode()
    for status, line in STATUS_LINES.items()
}
