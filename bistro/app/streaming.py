"""Answers in pieces: sent as they are made, kept alive while they are quiet, and closed however they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Final  # Any: a piece is whatever the kind of stream can encode.

from bistro.ground.concurrency import run_in_thread
from bistro.ground.types import Exchange
from bistro.http import ClientDisconnected, EventStream, Stream, until_stop
from bistro.http.event_stream import HEARTBEAT
from bistro.http.file_content import FileContent

_logger = logging.getLogger("bistro.app")
_END: Final = object()


async def send_stream(exchange: Exchange, response: Stream, header_block: bytes) -> BaseException | None:
    """Send the pieces as they are made; an error in between breaks the answer off, visibly.

    Gives that error, or None where all was sent.
    """
    failure: BaseException | None = None
    exchange.start(response.status, header_block, response.length)
    try:
        if exchange.method != "HEAD":
            if isinstance(response.pieces, FileContent):
                await response.pieces.send(exchange)
            elif isinstance(response, EventStream):
                await _send_events(exchange, response)
            else:
                await _send_pieces(exchange, response)
        await exchange.finish()
    except ClientDisconnected as error:
        failure = error
        exchange.abort()
    except Exception as error:
        failure = error
        exchange.abort()
        _logger.exception("a streamed answer broke off: %s", exchange.raw_path)
    except BaseException:
        exchange.abort()
        raise
    finally:
        await close_pieces(response.pieces)
    return failure


async def _send_pieces(exchange: Exchange, response: Stream) -> None:
    async for piece in _as_async(response.pieces):
        await exchange.write(response.encode_piece(piece))


async def _send_events(exchange: Exchange, response: EventStream[Any]) -> None:
    """As for other pieces, but also until the server stops, and with a heartbeat."""
    heartbeat = _Heartbeat(exchange, response.heartbeat_seconds)
    try:
        async with until_stop(exchange):
            async for event in _as_async(response.pieces):
                await heartbeat.write(response.encode_piece(event))
    finally:
        heartbeat.end()


class _Heartbeat:
    """Writes to `exchange`, by itself every so many seconds, and never two things at once."""

    def __init__(self, exchange: Exchange, seconds: float) -> None:
        self._exchange = exchange
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None
        self._wait()

    async def write(self, piece: bytes) -> None:
        async with self._lock:
            await self._exchange.write(piece)

    def end(self) -> None:
        self._timer.cancel()
        if self._beat is not None:
            self._beat.cancel()

    def _wait(self) -> None:
        # A timer, not a task that sleeps: ten thousand quiet streams are mostly what they wait in.
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._start)

    def _start(self) -> None:
        self._wait()
        if not self._lock.locked():  # else the client has something to take already
            self._beat = asyncio.get_running_loop().create_task(self._write_comment())

    async def _write_comment(self) -> None:
        with suppress(ClientDisconnected):  # the server tells the stream itself
            await self.write(HEARTBEAT)


def _as_async(pieces: Any) -> AsyncIterable[Any]:
    if isinstance(pieces, AsyncIterable):
        return pieces
    if isinstance(pieces, (list, tuple)):
        return _in_place(pieces)
    return _in_threads(iter(pieces))


async def _in_place(pieces: list[Any] | tuple[Any, ...]) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


async def _in_threads(pieces: Iterator[Any]) -> AsyncIterator[Any]:
    # A sync generator may block (it reads files, waits for a query), so it is stepped in a thread.
    while (piece := await run_in_thread(next, pieces, _END)) is not _END:
        yield piece


async def close_pieces(pieces: Any) -> None:
    """Run the clean-up code of a generator that was not read to its end."""
    if hasattr(pieces, "aclose"):
        await pieces.aclose()
    elif hasattr(pieces, "close"):
        # Shielded: who finds the client gone may be cancelled for that before there is a thread.
        await asyncio.shield(asyncio.ensure_future(_close_in_thread(pieces)))


async def _close_in_thread(pieces: Any) -> None:
    try:
        await run_in_thread(pieces.close)
    except ValueError as error:
        # A step runs on in its thread, and nobody waits for it any more, as at a stop whose grace
        # is over. Python closes the generator when that step has ended.
        if str(error) != "generator already executing":
            raise
