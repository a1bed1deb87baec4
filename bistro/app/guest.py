"""One request to a mounted ASGI application: what it is given, and its answer as a `Response`.

How it works: the application runs in a task, and what it sends goes through a queue of one, so that
it waits while nobody takes the last piece. An answer in one piece becomes a plain response, any
other a stream; so hooks and default headers hold for them as for every handler's. The task may go
on when the answer is complete, for that is how Starlette runs background work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import TypeAlias

from bistro.app.errors import MountError
from bistro.ground.errors import BistroError
from bistro.ground.types import AsgiMessage
from bistro.http import ClientDisconnected, HttpError, Request, Response, Stream

_logger = logging.getLogger("bistro.app")
Event: TypeAlias = AsgiMessage | Exception | None

# RFC 9110 §7.6.1: about the connection, which is the server's; it adds length and date itself.
NOT_HANDED_ON = frozenset({
    "connection", "content-length", "date", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


class Visit:
    """One request on its way through a mounted application."""

    def __init__(self, request: Request, *, is_wsgi: bool = False) -> None:
        self._is_wsgi = is_wsgi
        self._request = request
        self._body: AsyncIterator[bytes] | None = None
        self._is_body_read = False
        self._events: asyncio.Queue[Event] = asyncio.Queue(1)
        self._is_complete = False
        self.is_abandoned = False
        """Whether nobody waits for the answer any more."""
        self._refusal: BistroError | None = None
        self._gone: asyncio.Future[None] | None = None

    # The application's side

    async def run(self, answering: Awaitable[None]) -> None:
        """Let the application answer; how it ends is told to whoever waits for the answer."""
        ended: Event = None
        try:
            await answering
        except Exception as error:
            if self._is_complete:
                _logger.exception("a mounted application failed behind its answer")
            ended = error
        if not (self._is_complete or self.is_abandoned):
            await self._events.put(ended)

    async def receive(self) -> AsgiMessage:
        """The next piece of the body; behind it, the news that the client has gone."""
        if self._is_body_read:
            await self._wait_until_gone()
            return {"type": "http.disconnect"}
        if self._body is None:
            self._body = aiter(self._request.stream())
        try:
            piece = await anext(self._body, b"")
        except (ClientDisconnected, HttpError) as error:
            # Whatever the application makes of it, the client is to get what it means.
            self._refusal = error
            self._is_body_read = True
            if self._is_wsgi:
                raise  # the bridge would take the other for the end of a whole body
            return {"type": "http.disconnect"}
        self._is_body_read = not piece
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(self, message: AsgiMessage) -> None:
        """Take a part of the answer; waits until the one before has been taken."""
        if self._is_complete or self.is_abandoned:
            return
        self._is_complete = message["type"] == "http.response.body" and not message.get("more_body")
        await self._events.put(message)

    async def _wait_until_gone(self) -> None:
        if self._gone is None:
            gone = self._gone = asyncio.get_running_loop().create_future()
            self._request.exchange.on_disconnect(lambda: None if gone.done() else gone.set_result(None))
        await asyncio.shield(self._gone)

    # The handler's side

    async def wait_for_answer(self, task: asyncio.Task[None]) -> Response:
        """The application's answer. Raises what it raises, and `MountError` where it gives none."""
        try:
            head = await self._next()
            if head is None or head["type"] != "http.response.start":
                raise MountError("a mounted application gave no answer")
            first = await self._next() or {}
            response = self._begin(head, first, task)
        except BaseException:
            self._abandon(task)
            raise
        for name, value in head.get("headers", ()):
            if (text := name.decode("latin-1").lower()) not in NOT_HANDED_ON:
                response.add_header(text, value.decode("latin-1"))
        return response

    async def _next(self) -> AsgiMessage | None:
        event = await self._events.get()
        if self._refusal is not None:
            raise self._refusal
        if isinstance(event, Exception):
            raise event
        return event

    def _begin(self, head: AsgiMessage, first: AsgiMessage, task: asyncio.Task[None]) -> Response:
        body, status = first.get("body", b""), head["status"]
        if not 200 <= status <= 599:
            # As `Response` itself refuses it.
            raise MountError(f"a mounted application answered with the status {status}")
        length = _length_of(head)
        is_whole = not first.get("more_body") or length == len(body)
        if is_whole and (self._request.method != "HEAD" or length is None):
            self._is_complete = True
            return Response.prepared(status, b"", body)
        response = Stream(self._pieces(first, task), status=status, length=length)
        del response.headers["content-type"]  # the application says what it is
        return response

    async def _pieces(self, first: AsgiMessage, task: asyncio.Task[None]) -> AsyncIterator[bytes]:
        message: AsgiMessage | None = first
        try:
            while message is not None:
                if piece := message.get("body", b""):
                    yield piece
                if not message.get("more_body"):
                    return
                message = await self._next()
            raise MountError("a mounted application ended before its answer did")
        finally:
            if not self._is_complete:
                self._abandon(task)

    def _abandon(self, task: asyncio.Task[None]) -> None:
        self.is_abandoned = True
        if not self._events.empty():
            self._events.get_nowait()  # whoever waits to put the next piece goes on
        # A thread can't be cancelled, and would wait for ever to hand over a piece: it ends by itself.
        if not self._is_wsgi:
            task.cancel()


def _length_of(head: AsgiMessage) -> int | None:
    for name, value in head.get("headers", ()):
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return None
