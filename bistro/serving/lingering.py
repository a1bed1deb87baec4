"""The end of a connection over TLS whose client may still be sending.

TLS has no half-closed connections on asyncio: a transport that is closed meets what still comes with
a reset, and that may take the last answer from the client, or end its sending before it has looked
for one (RFC 9112 §9.6). So our last word is sent, and what comes is heard out until the client has
closed or is quiet; whoever had the connection before keeps the time, and cuts one that never is.
"""

from __future__ import annotations

import asyncio
from typing import Final

QUIET_SECONDS: Final = 1.0
"""A client that says nothing for so long will not be hurt by a reset."""


class Lingering(asyncio.Protocol):
    """Takes a transport over from `before`: drops what comes, and closes when that is safe."""

    __slots__ = ("_before", "_has_heard", "_timer", "_transport")

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self._transport = transport
        self._before = before
        self._has_heard = False
        self._timer = self._wait()

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._has_heard = True

    def eof_received(self) -> None:
        """Let the transport close: the client has done so."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who had the connection before."""
        self._timer.cancel()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell who had the connection before."""
        self._before.pause_writing()

    def resume_writing(self) -> None:
        """Tell who had the connection before."""
        self._before.resume_writing()

    def _wait(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(QUIET_SECONDS, self._close_if_quiet)

    def _close_if_quiet(self) -> None:
        if self._has_heard or self._transport.get_write_buffer_size():
            self._has_heard = False
            self._timer = self._wait()
        else:
            self._transport.close()


def linger(transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
    """Close our side of a connection once everything is sent; what comes is dropped.

    `protocol`, which has the connection, goes on being told of its end and of its writing; it must
    read on, and break off a client that never comes to an end.
    """
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.set_protocol(Lingering(transport, protocol))
