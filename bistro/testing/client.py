"""The client for plain tests: an `AsyncClient` in an event loop in a thread of its own.

The loop runs between two calls as well, so that streams, background tasks and cancellation work as
they do in a server.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar, Unpack

from bistro.ground.clock import Clock
from bistro.ground.portal import Portal
from bistro.ground.types import Application
from bistro.testing.async_client import AsyncClient
from bistro.testing.errors import ClientClosed
from bistro.testing.request import RequestOptions
from bistro.testing.response import ClientResponse, Stream
from bistro.testing.socket import Socket, SocketRequestOptions
from bistro.testing.stage import borrow_portal, give_back_portal

Result = TypeVar("Result")


class Client:
    """Calls `app` from a plain test; starts it at `with`, or else at the first request.

    Several clients of an app are several visitors of one site: the first starts it, the last stops it.

        >>> client = Client(app)
        >>> response = client.get("/items/42", params={"page": 2})
        >>> response.status, response.json()
        (200, {'id': 42})

    Arguments and methods are those of `AsyncClient`. `close()` stops the application and ends the
    thread, if no other client uses them; leaving `with` does it, and so does the garbage collector.
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
        self.in_loop = AsyncClient(
            app,
            base_url=base_url,
            headers=headers,
            cookies=cookies,
            follow_redirects=follow_redirects,
            raise_server_errors=raise_server_errors,
            clock=clock,
        )
        """The client in the event loop of the app, for work that `run` waits for."""
        self.app = app
        self.headers = self.in_loop.headers
        self.cookies = self.in_loop.cookies
        self._portal = borrow_portal(app)
        self._finalizer = weakref.finalize(self, _shut_down, self.in_loop)
        # When the interpreter ends there are no new threads any more (from 3.12 on), which apps need to stop.
        self._finalizer.atexit = False

    def close(self) -> None:
        """Stop the application and end its thread, unless another client uses them."""
        self._finalizer()

    def __enter__(self) -> Client:
        self._check_open()
        try:
            self._portal.run(self.in_loop.start())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a request and wait for the whole answer.

        Raises what the application could not handle, `AnswerIncomplete`, and `TooManyRedirects`.
        """
        self._check_open()
        return self._portal.run(self.in_loop.request(method, url, **options))

    @contextmanager
    def stream(self, method: str, url: str, **options: Unpack[RequestOptions]) -> Iterator[Stream]:
        """Send a request and read the answer while the handler writes it; leaving disconnects."""
        self._check_open()
        run = self._portal.run
        manager = self.in_loop.stream(method, url, **options)
        response = run(manager.__aenter__())
        try:
            yield Stream(response.answer, _iterate(self._portal, response.iter_bytes()))
        finally:
            run(manager.__aexit__(None, None, None))

    @contextmanager
    def websocket(
        self, url: str, *, subprotocols: Sequence[str] = (), **options: Unpack[SocketRequestOptions]
    ) -> Iterator[Socket]:
        """Open a WebSocket and talk while the handler runs; leaving closes it and waits for the handler.

        Raises `WebSocketRefused` where the answer is another, and what the application could not handle.
        """
        self._check_open()
        run = self._portal.run
        manager = self.in_loop.websocket(url, subprotocols=subprotocols, **options)
        socket = run(manager.__aenter__())
        try:
            yield Socket(socket, self._portal)
        except BaseException as error:
            run(manager.__aexit__(type(error), error, error.__traceback__))
            raise
        run(manager.__aexit__(None, None, None))

    def get(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a GET request."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a HEAD request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a POST request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a PUT request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a PATCH request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> ClientResponse:
        """Send a DELETE request."""
        return self.request("DELETE", url, **options)

    def run(self, work: Awaitable[Result]) -> Result:
        """Wait for anything that is awaited, in the event loop of the application."""
        self._check_open()
        return self._portal.run(_wait_for(work))

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise ClientClosed("this test client is closed", fix="Make a new client.")


async def _wait_for(work: Awaitable[Result]) -> Result:
    return await work


def _iterate(portal: Portal, pieces: AsyncIterator[bytes]) -> Iterator[bytes]:
    while (piece := portal.run(_next_piece(pieces))) is not None:
        yield piece


async def _next_piece(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _shut_down(client: AsyncClient) -> None:
    give_back_portal(client.app, client.close())
