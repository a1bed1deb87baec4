"""Parts of open files from the disk to the socket, without a way through this process.

How it works. The transport has to be empty first, for what it holds comes before the file. Then the
kernel is told to send (`sendfile`), in a thread, because it may have to read the disk. It sends to a
duplicate of the socket's descriptor: the transport may close its own at any time, and the next
client's connection could get the same number. Where the client reads more slowly than we send, the
duplicate is watched until there is room again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from bistro.ground.concurrency import run_in_thread
from bistro.http.errors import ClientDisconnected
from bistro.http.file_content import file_became_shorter

CAN_SEND_FILES = sys.platform == "linux"
"""Elsewhere `sendfile` exists too, but nobody has measured it; the file is read and written there."""
SIZE_MIN = 32 * 1024
"""Below this, to read and write costs less."""
TURN_SIZE_MAX = 2 * 1024 * 1024
"""So much is sent before the thread is free for others."""


class FileOutlet(Protocol):
    """What this needs of the sending side of a connection."""

    lost: bool

    def flush(self) -> None: ...
    def find_descriptor(self) -> int | None: ...
    async def wait_until_sent(self) -> None: ...
    async def wait_for_room(self, watch: Callable[[Callable[[], None]], None]) -> None: ...


async def send_file(outlet: FileOutlet, descriptor: int, start: int, stop: int) -> int:
    """Send bytes `start` to `stop` of the open file; gives how far that went (`start`: not at all).

    Raises OSError where the file ends before, and `ClientDisconnected`.
    """
    if not CAN_SEND_FILES or stop - start < SIZE_MIN:
        return start
    outlet.flush()
    await outlet.wait_until_sent()
    async with _duplicate(outlet.find_descriptor()) as target:
        if target is None:
            return start
        return await _send(outlet, target, descriptor, start, stop)


async def _send(outlet: FileOutlet, target: int, descriptor: int, start: int, stop: int) -> int:
    loop = asyncio.get_running_loop()
    place = start
    while place < stop:
        try:
            place, is_full = await run_in_thread(_send_turn, target, descriptor, place, stop)
        except ConnectionError:
            raise ClientDisconnected from None
        except OSError:
            if place > start:
                raise
            return start  # a file system without sendfile
        if outlet.lost:
            raise ClientDisconnected
        if is_full:
            try:
                await outlet.wait_for_room(lambda ready: loop.add_writer(target, ready))
            finally:
                loop.remove_writer(target)
    return place


def _send_turn(target: int, descriptor: int, place: int, stop: int) -> tuple[int, bool]:
    """Send until the turn is over or the socket is full; how far that went, and whether it is full."""
    end = min(stop, place + TURN_SIZE_MAX)
    while place < end:
        try:
            sent = os.sendfile(target, descriptor, place, end - place)
        except BlockingIOError:
            return place, True
        if sent == 0:
            raise file_became_shorter()
        place += sent
    return place, False


@contextlib.asynccontextmanager
async def _duplicate(descriptor: int | None) -> AsyncIterator[int | None]:
    try:
        twin = None if descriptor is None else os.dup(descriptor)
    except OSError:  # out of descriptors: it goes the other way then
        twin = None
    try:
        yield twin
    finally:
        if twin is not None:
            os.close(twin)
