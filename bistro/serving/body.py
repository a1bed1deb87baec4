"""Request bodies as they arrive: counted, held back, timed.

How it works: a server pushes what it received with `feed`, a handler pulls with `read` or `stream`,
and at most one future stands between the two. What nobody has read yet lies in one buffer, never
in a list of pieces: chunks of one byte must not cost 40 bytes of memory each (CVE-2025-69229).
Above `UNREAD_MAX` the server is asked to stop reading from its socket. Servers that are pulled
themselves (ASGI, the in-memory exchange) need none of that, and use `collect` and `limit`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from bistro.ground.errors import BistroError
from bistro.http.errors import ClientDisconnected, ContentTooLarge, RequestTimeout

UNREAD_MAX: Final = 256 * 1024
STALL_SECONDS: Final = 30.0


class BodyAlreadyRead(BistroError):
    """The body was taken in pieces, and what was taken is gone.

    If you see this: a handler or hook has read `body_stream()`, and then something asked for the
    body again. Read the whole body first; it is kept, and can be read as often as you like.
    """

    code = "B590"

    def __init__(self) -> None:
        super().__init__(
            "the body was read as a stream and can't be read again",
            fix="Read the whole body instead of the stream, or pass on what the stream gave.",
        )


def too_large(size_max: int) -> ContentTooLarge:
    """The error for a body of more than `size_max` bytes."""
    return ContentTooLarge(f"The body is larger than {size_max:,} bytes.")


async def collect(pieces: AsyncIterator[bytes], size_max: int) -> bytes:
    """All of `pieces` in one; raise `ContentTooLarge` at the first byte beyond `size_max`."""
    whole = bytearray()
    async for piece in pieces:
        if len(whole) + len(piece) > size_max:
            raise too_large(size_max)
        whole += piece
    return bytes(whole)


async def limit(pieces: AsyncIterator[bytes], size_max: int) -> AsyncIterator[bytes]:
    """`pieces` as they come; raise `ContentTooLarge` at the first byte beyond `size_max`."""
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > size_max:
            raise too_large(size_max)
        yield piece


class BodyReader:
    """The body of one request, between the server that feeds it and the handler that reads it.

    `length` is what Content-Length declares, None for a chunked body. `pause` and `resume` are
    called when the handler reads more slowly than the client sends. Nothing here counts on the
    declared length being true: what was received counts.
    """

    __slots__ = (
        "_ended",
        "_error",
        "_is_discarding",
        "_is_paused",
        "_is_streamed",
        "_length",
        "_pause",
        "_resume",
        "_stall_seconds",
        "_unread",
        "_waiter",
        "_whole",
        "received",
    )

    def __init__(
        self,
        length: int | None = None,
        *,
        pause: Callable[[], None] | None = None,
        resume: Callable[[], None] | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.received = 0
        """How many bytes have come so far, read or not."""
        self._length = length
        self._pause = pause
        self._resume = resume
        self._stall_seconds = stall_seconds
        # bytes while it is one chunk, so that a body in one piece is never copied.
        self._unread: bytes | bytearray = b""
        self._whole: bytes | None = None
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._is_discarding = False
        self._is_paused = False
        self._is_streamed = False

    # The server's side

    @property
    def is_complete(self) -> bool:
        """Whether the client has sent the whole body, read or not."""
        return self._ended

    def feed(self, chunk: bytes) -> None:
        """Take what the server received; calls `pause` where too much is unread."""
        self.received += len(chunk)
        if self._is_discarding:
            return
        if not self._unread:
            self._unread = chunk
        else:
            if isinstance(self._unread, bytes):
                self._unread = bytearray(self._unread)
            self._unread += chunk
        if len(self._unread) > UNREAD_MAX and not self._is_paused and not self._ended:
            self._is_paused = True
            if self._pause is not None:
                self._pause()
        self._wake()

    def feed_end(self) -> None:
        """The client has sent the last byte."""
        self._ended = True
        self._wake()

    def abort(self, error: Exception | None = None) -> None:
        """Nothing more will come: readers get `error`, by default `ClientDisconnected`.

        A body that had arrived in full can still be read.
        """
        if not self._ended and self._error is None:
            self._error = error or ClientDisconnected("the client went away before its body was complete")
            self._wake()

    def discard(self) -> None:
        """Drop what is unread and what comes; `received` goes on counting."""
        self._is_discarding = True
        self._take()

    # The handler's side

    async def read(self, size_max: int) -> bytes:
        """Wait for the whole body.

        Raise `ContentTooLarge` as soon as more than `size_max` bytes were declared or received,
        `RequestTimeout` when nothing came for `stall_seconds`, `ClientDisconnected`, and
        `BodyAlreadyRead` after `stream`.
        """
        if self._whole is None:
            self._check_not_streamed()
            self._check_size(size_max)
            pieces = bytearray()
            while not self._ended:
                if self._unread:
                    pieces += self._take()
                await self._wait(size_max)
            last = self._take()
            self._whole = bytes(pieces + last) if pieces else bytes(last)
        if len(self._whole) > size_max:
            raise too_large(size_max)
        return self._whole

    async def stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives, with the same errors as `read`, and once only."""
        if self._whole is not None:
            if self._whole:
                yield await self.read(size_max)
            return
        self._check_not_streamed()
        self._is_streamed = True
        self._check_size(size_max)
        while True:
            while not self._unread and not self._ended:
                await self._wait(size_max)
            piece = self._take()
            if not piece:
                return
            yield bytes(piece)
            self._check_size(size_max)

    def _check_not_streamed(self) -> None:
        if self._is_streamed:
            raise BodyAlreadyRead()

    def _check_size(self, size_max: int) -> None:
        if self.received > size_max or (self._length or 0) > size_max:
            raise too_large(size_max)

    def _take(self) -> bytes | bytearray:
        piece, self._unread = self._unread, b""
        if self._is_paused:
            self._is_paused = False
            if self._resume is not None:
                self._resume()
        return piece

    async def _wait(self, size_max: int) -> None:
        if self._error is not None:
            raise self._error
        if self._waiter is not None:
            raise RuntimeError("the body of a request is being read by two tasks at once")
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(self._stall_seconds, self._stall, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
        if self._error is not None:
            raise self._error
        self._check_size(size_max)

    def _stall(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            self.abort(RequestTimeout(f"No part of the body came for {self._stall_seconds:g} seconds."))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
