"""The client for async tests, which calls an application in this process: no server, no socket.

How it works: a `MemoryExchange` is made from each call and handed to `app.handle` in a task, as a
server would, and the answer is read back from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Unpack, cast

from bistro.ground.clock import Clock, SystemClock
from bistro.ground.environment import assume_testing
from bistro.ground.types import Application
from bistro.http.headers import Headers
from bistro.http.url import Url
from bistro.serving.memory import MemoryExchange
from bistro.serving.memory_socket import MemorySocket
from bistro.testing.cookie_jar import CookieJar
from bistro.testing.errors import AnswerIncomplete, ClientClosed, TooManyRedirects, WebSocketRefused
from bistro.testing.request import (
    Request,
    RequestOptions,
    build_request,
    handshake_headers,
    make_exchange,
    parse_url,
    redirect_request,
)
from bistro.testing.response import Answer, AsyncStream, ClientResponse
from bistro.testing.socket import AsyncSocket, SocketRequestOptions
from bistro.testing.stage import enter, leave

REDIRECTS_MAX: Final = 10
UNREAD_MAX: Final = 64 * 1024
GRACE_SECONDS: Final = 5.0


class AsyncClient:
    """Calls `app` from an async test; starts it at `async with`, or else at the first request.

        >>> async with AsyncClient(app) as client:
        ...     response = await client.get("/")

    Exceptions that the application turns into a 500 are raised to the test, unless
    `raise_server_errors=False`. Redirects are followed where asked, cookies are kept.

    From here on the process is a test (`ENV=testing`) unless the environment says what it is: the
    site opens databases for tests, never its own.
    """

    def __init__(
        self,
        app: Application,
        *,
        base_url: str = "http://localhost",
        headers: Mapping[str, str | None] | None = None,
        cookies: Mapping[str, str] | None = None,
        follow_redirects: bool = False,
        raise_server_errors: bool = True,
        clock: Clock | None = None,
    ) -> None:
        assume_testing()
        self.app = app
        self.base_url = parse_url(base_url, Url("http", "localhost"))
        self.headers: dict[str, str | None] = dict(headers or {})
        """Sent with every request, and may be changed."""
        self.cookies = CookieJar(self.base_url.host, clock or SystemClock())
        self.cookies.update(cookies or {})
        self.follow_redirects = follow_redirects
        self.raise_server_errors = raise_server_errors
        self._starting = asyncio.Lock()
        self._is_started = False
        self._is_closed = False

    async def start(self) -> None:
        """Start the application unless that has been done, by this client or another in this event loop."""
        if self._is_closed:
            raise ClientClosed("this test client is closed", fix="Make a new client.")
        async with self._starting:
            if not self._is_started:
                await enter(self.app)
                self._is_started = True

    async def close(self) -> None:
        """Stop the application, unless another client in this event loop uses it."""
        self._is_closed = True
        if self._is_started:
            self._is_started = False
            await leave(self.app)

    async def __aenter__(self) -> AsyncClient:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a request and wait for the whole answer.

        Raises what the application could not handle, `AnswerIncomplete`, and `TooManyRedirects`.
        """
        await self.start()
        request = self._build(method, url, options)
        history: list[ClientResponse] = []
        while True:
            exchange = self._make_exchange(request)
            await self._handle_whole(exchange)
            head = self._read_head(request, exchange, history)
            response = _with_content(head, exchange.content)
            if not self._is_followed(response, options):
                return response
            history.append(response)
            request = _next_request(request, history)

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, **options: Unpack[RequestOptions]
    ) -> AsyncIterator[AsyncStream]:
        """Send a request and read the answer while the handler writes it; leaving disconnects."""
        await self.start()
        request = self._build(method, url, options)
        history: list[ClientResponse] = []
        while True:
            exchange = self._make_exchange(request, UNREAD_MAX)
            task = self._start_handling(exchange)
            try:
                await exchange.wait_for_start()
                if not exchange.is_started:
                    self._check(exchange, task)
                head = self._read_head(request, exchange, history)
                if not self._is_followed(head, options):
                    yield AsyncStream(head, self._read_pieces(exchange, task))
                    return
            finally:
                await _hang_up(exchange, task)
            history.append(_with_content(head, b""))
            request = _next_request(request, history)

    @asynccontextmanager
    async def websocket(
        self, url: str, *, subprotocols: Sequence[str] = (), **options: Unpack[SocketRequestOptions]
    ) -> AsyncIterator[AsyncSocket]:
        """Open a WebSocket and talk while the handler runs; leaving closes it and waits for the handler.

        Raises `WebSocketRefused` where the answer is another, and what the application could not handle.
        """
        await self.start()
        defaults = {**self.headers, **handshake_headers(subprotocols)}
        request = build_request("GET", _as_http(url), self.base_url, defaults, cast(RequestOptions, options))
        link = MemorySocket()
        exchange = make_exchange(request, self.cookies.find_header(request.url), socket=link)
        task = link.task = self._start_handling(exchange)
        task.add_done_callback(lambda _: link.client_close(1006))
        try:
            await link.client_wait_for_answer()
            if not link.is_accepted:
                await asyncio.wait({task})
                self._check(exchange, task)
                raise WebSocketRefused(
                    _with_content(self._read_head(request, exchange, []), exchange.content)
                )
            self._keep_cookies(Headers(link.headers), request)
            socket = AsyncSocket(link, exchange, raise_server_errors=self.raise_server_errors)
            yield socket
        finally:
            link.client_close(1000)
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
            await _hang_up(exchange, task)
        socket.raise_server_error()

    async def get(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a GET request."""
        return await self.request("GET", url, **options)

    async def head(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a HEAD request."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send an OPTIONS request."""
        return await self.request("OPTIONS", url, **options)

    async def post(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a POST request."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a PUT request."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a PATCH request."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a DELETE request."""
        return await self.request("DELETE", url, **options)

    def _build(self, method: str, url: str, options: RequestOptions) -> Request:
        return build_request(method, url, self.base_url, self.headers, options)

    def _make_exchange(self, request: Request, unread_max: int | None = None) -> MemoryExchange:
        return make_exchange(request, self.cookies.find_header(request.url), unread_max)

    def _start_handling(self, exchange: MemoryExchange) -> asyncio.Task[None]:
        # A task of its own, as in a server: what a handler does to its context or its task is its own.
        task = asyncio.create_task(self._handle(exchange))
        # Wakes the reader of an answer that will never be complete; does nothing to one that is.
        task.add_done_callback(lambda _: exchange.disconnect())
        return task

    async def _handle(self, exchange: MemoryExchange) -> None:
        coroutine = self.app.handle(exchange)
        if coroutine is not None:
            await coroutine

    async def _handle_whole(self, exchange: MemoryExchange) -> None:
        task = self._start_handling(exchange)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            # The test gave up waiting: to the application that is a client that goes away.
            await _hang_up(exchange, task)
            raise
        self._check(exchange, task)

    async def _read_pieces(self, exchange: MemoryExchange, task: asyncio.Task[None]) -> AsyncIterator[bytes]:
        while pieces := await exchange.wait_for_pieces():
            yield b"".join(pieces)
        self._check(exchange, task)

    def _check(self, exchange: MemoryExchange, task: asyncio.Task[None]) -> None:
        if self.raise_server_errors and exchange.error is not None:
            raise exchange.error
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
        if not exchange.is_finished:
            asked = f"{exchange.method} {exchange.raw_path}"
            if exchange.is_started:
                raise AnswerIncomplete(f"the answer to {asked} broke off before its end")
            raise AnswerIncomplete(f"{asked} was not answered")

    def _read_head(self, request: Request, exchange: MemoryExchange, history: list[ClientResponse]) -> Answer:
        headers = Headers(exchange.headers)
        cookies = self._keep_cookies(headers, request)
        return Answer(exchange.status, headers, str(request.url), request.method, tuple(history), cookies)

    def _keep_cookies(self, headers: Headers, request: Request) -> dict[str, str]:
        cookies = {}
        for text in headers.get_all("set-cookie"):
            self.cookies.add(text, request.url)
            name, _, value = text.partition(";")[0].partition("=")
            cookies[name.strip()] = value.strip()
        return cookies

    def _is_followed(self, answer: Answer, options: RequestOptions) -> bool:
        return answer.is_redirect and options.get("follow_redirects", self.follow_redirects)


def _as_http(url: str) -> str:
    """The URL of the request that opens a WebSocket (RFC 6455 §3)."""
    scheme, separator, rest = url.partition("://")
    return f"http{scheme.lower()[2:]}://{rest}" if separator and scheme.lower() in ("ws", "wss") else url


def _with_content(head: Answer, content: bytes) -> ClientResponse:
    return ClientResponse(
        head.status, head.headers, head.url, head.method, head.history, head.cookies, content
    )


def _next_request(request: Request, history: list[ClientResponse]) -> Request:
    if len(history) > REDIRECTS_MAX:
        places = " -> ".join(response.headers["location"] for response in history)
        raise TooManyRedirects(f"more than {REDIRECTS_MAX} redirects: {places}")
    last = history[-1]
    return redirect_request(request, last.status, last.headers["location"])


async def _hang_up(exchange: MemoryExchange, task: asyncio.Task[None]) -> None:
    # As the servers do it: who asked to be told is told, then the handler is cancelled.
    exchange.disconnect()
    if not exchange.is_shielded:
        task.cancel()
    await asyncio.wait({task}, timeout=GRACE_SECONDS)
