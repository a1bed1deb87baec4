"""A WebSocket that no server carries: the application's side of it, and the client's beside it.

The test client stands on it. It keeps to the limits that a server keeps to, so that a test meets them.
"""

from __future__ import annotations

import asyncio

from bistro.ground.websocket import WebSocketOptions
from bistro.http.errors import WebSocketDisconnected
from bistro.serving.header_block import HeaderPairs, split_header_block
from bistro.serving.message_inbox import MessageInbox, keep_for_slow_client


class MemorySocket:
    """`SocketLink` says what the application's members are; those of the client begin with `client_`."""

    def __init__(self) -> None:
        self._inbox = MessageInbox(self._changed)
        self._outbox = MessageInbox(self._changed)
        self._waiters: list[asyncio.Future[None]] = []
        self._options = WebSocketOptions()
        self._behind: list[str | bytes] = []
        self.is_accepted = False
        self.subprotocol: str | None = None
        self.headers: HeaderPairs = []
        """Of the answer 101."""
        self.task: asyncio.Task[None] | None = None
        """The handler's, which is cancelled if it doesn't hear that the client has gone."""

    # What the application sees: `SocketLink`

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed, by either side."""
        return self._inbox.close_code

    @property
    def close_reason(self) -> str:
        """The reason that whoever closed it gave."""
        return self._inbox.close_reason

    async def accept(self, subprotocol: str | None, header_block: bytes, options: WebSocketOptions) -> None:
        """Let the client's side begin."""
        if self._inbox.close_code is not None:
            raise self._inbox.disconnected()
        self._options = options
        self.subprotocol = subprotocol
        self.headers = split_header_block(header_block)
        self.is_accepted = True
        self._changed()

    async def receive(self) -> str | bytes:
        """The next message of the client."""
        return await self._inbox.get()

    async def send(self, message: str | bytes) -> None:
        """Give the client a message; waits while it has many that it did not take."""
        # Also a handler that never waits for anything must let others run, and its client go away.
        await asyncio.sleep(0)
        while (self._outbox.is_full or self._behind) and self.close_code is None:
            await self._wait_for_change()
        if self.close_code is not None:
            raise self._inbox.disconnected()
        self._outbox.put(message)

    def send_nowait(self, message: str | bytes) -> None:
        """Give the client a message, or keep some for it."""
        if not self._outbox.is_full:
            self._outbox.put(message)
        elif self.close_code is None and not keep_for_slow_client(self._behind, message, self._options):
            self._end(1013, "reading too slowly")

    async def close(self, code: int, reason: str) -> None:
        """Close both sides; what was sent can still be received."""
        for message in self._behind:
            self._outbox.put(message)
        self._behind.clear()
        self._inbox.close(code, reason)
        self._outbox.close(code, reason)
        self._changed()

    # The client's side

    async def client_wait_for_answer(self) -> None:
        """Wait until it is accepted, or closed by `client_close`."""
        while not self.is_accepted and self.close_code is None:
            await self._wait_for_change()

    async def client_send(self, message: str | bytes) -> None:
        """Send a message; waits while the handler has many that it did not take."""
        while self._inbox.is_full and self.close_code is None:
            await self._wait_for_change()
        if self.close_code is not None:
            raise WebSocketDisconnected(self.close_code, self.close_reason)
        size = len(message.encode() if isinstance(message, str) else message)
        if size > self._options.message_size_max:
            self._end(1009, "the message is too big")
        else:
            self._inbox.put(message)

    async def client_receive(self) -> str | bytes:
        """The next message of the handler; raise `WebSocketDisconnected` behind the last one."""
        return await self._outbox.get()

    def client_close(self, code: int, reason: str = "") -> None:
        """Be a client that closes, or goes away with 1006."""
        if self.close_code is None:
            self._end(code, reason)

    def shield(self) -> None:
        """Let the handler go on when the client goes away."""
        self._inbox.is_shielded = True

    # Helpers

    def _end(self, code: int, reason: str) -> None:
        self._behind.clear()
        self._inbox.close(code, reason)
        self._outbox.close(code, reason)
        if self.task is not None:
            self._inbox.end_when_deaf(self.task)
        self._changed()

    async def _wait_for_change(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _changed(self) -> None:
        while self._behind and not self._outbox.is_full:
            self._outbox.put(self._behind.pop(0))
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
