"""One WebSocket of a server that is asked for each message, as a `SocketLink`.

How it works: once it is accepted, a task takes the messages from the server and puts them into the
`MessageInbox`, so that the end is noticed although nobody receives; it stops while the inbox is
full, so that the server stops reading. What frames look like, pings and compression are the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from msgspec import Struct

from bistro.ground.types import Application, Exchange
from bistro.ground.websocket import WebSocketOptions
from bistro.http.errors import WebSocketDisconnected
from bistro.serving.message_inbox import MessageInbox, keep_for_slow_client


class Closed(Struct, frozen=True):
    """What comes behind the last message: the client has closed, or is gone."""

    code: int = 1005
    reason: str = ""


class SocketWire(Protocol):
    """A WebSocket as one kind of server offers it; all but `receive` raise OSError if the client has gone."""

    async def open(self, subprotocol: str | None, header_block: bytes) -> None:
        """Accept the client."""
        ...

    async def receive(self) -> str | bytes | Closed:
        """Wait for the next message; any error says that there is no client any more."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message; waits while the client reads slowly."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close a WebSocket that was accepted."""
        ...


class PulledSocket:
    """`SocketLink` says what each member is; `finish` it when the application has returned."""

    def __init__(self, wire: SocketWire) -> None:
        self._wire = wire
        self._room = asyncio.Event()
        self._inbox = MessageInbox(self._room.set)
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._queue: list[str | bytes] = []
        self._options = WebSocketOptions()
        self._callbacks: list[Callable[[], None]] = []
        self.is_accepted = False
        self.task: asyncio.Task[None] | None = None
        """The handler's, which is cancelled if it doesn't hear that the client has gone."""

    @property
    def close_code(self) -> int | None:
        return self._inbox.close_code

    @property
    def close_reason(self) -> str:
        return self._inbox.close_reason

    async def accept(self, subprotocol: str | None, header_block: bytes, options: WebSocketOptions) -> None:
        self._options = options
        await self._put(self._wire.open(subprotocol, header_block))
        self.is_accepted = True
        self._reader = asyncio.ensure_future(self._read())

    async def receive(self) -> str | bytes:
        return await self._inbox.get()

    async def send(self, message: str | bytes) -> None:
        if self._writer is not None:
            await asyncio.wait({self._writer})
        if self._inbox.close_code is not None:
            raise self._inbox.disconnected()
        await self._put(self._wire.send(message))
        # A server that never makes us wait must not let one handler hold the event loop.
        await asyncio.sleep(0)

    def send_nowait(self, message: str | bytes) -> None:
        if self._inbox.close_code is not None:
            return
        if not keep_for_slow_client(self._queue, message, self._options):
            self._end(1013, "reading too slowly")
        elif self._writer is None:
            self._writer = asyncio.ensure_future(self._write())

    async def close(self, code: int, reason: str) -> None:
        if self._writer is not None:
            await asyncio.wait({self._writer})
        if self._inbox.close_code is None:
            self._inbox.close(code, reason)
            await self._put_close(code, reason)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the client is known to have gone away."""
        self._callbacks.append(callback)

    def shield(self) -> None:
        """Let the handler go on when the client goes away."""
        self._inbox.is_shielded = True

    async def finish(self) -> None:
        """The handler has ended: end what stands around it."""
        self._inbox.forget()
        self._callbacks.clear()
        if self.is_accepted:
            await self.close(1011, "")
        for task in (self._reader, self._writer):
            if task is not None:
                task.cancel()

    async def _read(self) -> None:
        try:
            await self._take_messages()
        except Exception:  # noqa: BLE001 - a server that fails here has no client any more
            self._leave(1006, "")

    async def _take_messages(self) -> None:
        while self._inbox.close_code is None:
            message = await self._wire.receive()
            if isinstance(message, Closed):
                self._leave(message.code, message.reason)
                return
            if _size_of(message) > self._options.message_size_max:
                self._end(1009, "the message is too big")
                return
            self._inbox.put(message)
            while self._inbox.is_full:
                self._room.clear()
                await self._room.wait()

    async def _write(self) -> None:
        with suppress(WebSocketDisconnected):  # the handler hears of it where it receives or sends
            while self._queue and self._inbox.close_code is None:
                await self._put(self._wire.send(self._queue.pop(0)))
        if self._writer is asyncio.current_task():
            self._writer = None

    def _leave(self, code: int, reason: str) -> None:
        """The client has gone, or must: a handler that doesn't hear of it is ended."""
        if self._inbox.close_code is not None:
            return
        self._inbox.close(code, reason)
        self._queue.clear()
        if self.task is not None:
            self._inbox.end_when_deaf(self.task)
        for callback in self._callbacks:
            callback()

    def _end(self, code: int, reason: str) -> None:
        self._leave(code, reason)
        if self._writer is not None:
            self._writer.cancel()
        self._writer = asyncio.ensure_future(self._put_close(code, reason))

    async def _put_close(self, code: int, reason: str) -> None:
        # granian sends nothing of it while somebody waits for a message.
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
        with suppress(OSError, RuntimeError):  # what servers raise where the client was quicker
            await self._wire.close(code, reason)

    async def _put(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except OSError:
            self._leave(1006, "")  # the reader may not know yet
            raise self._inbox.disconnected() from None


async def run_conversation(app: Application, exchange: Exchange, link: PulledSocket) -> None:
    """Let `app` answer a handshake, and talk by `link`, to its end."""
    try:
        coroutine = app.handle(exchange)
        if coroutine is not None:
            # A task of its own: this one is the server's, and must not be cancelled when the client goes.
            link.task = asyncio.ensure_future(coroutine)
            await asyncio.wait({link.task})
    finally:
        if link.task is not None:
            link.task.cancel()
        await link.finish()


def _size_of(message: str | bytes) -> int:
    # Most are far from the limit in either way of counting.
    return len(message) if isinstance(message, bytes) or message.isascii() else len(message.encode())
