"""The sending side of one connection, and how the connection ends.

RFC 9112 §9.6: who closes while the client still sends may lose it the answer, since what comes then
is met by a reset. So a connection with something unread is closed in steps: our side first, then,
once the client has had time to read, the rest.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

from bistro.http.errors import ClientDisconnected
from bistro.serving.exchange import DateLine
from bistro.serving.file_sending import send_file
from bistro.serving.limits import Limits
from bistro.serving.lingering import linger

LINGER_SECONDS = 5.0
WRITES_IN_A_ROW = 16
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Outlet:
    """What an exchange sees of its connection (`Wire`), and what the connection does with its answers."""

    def __init__(self, transport: asyncio.Transport, date: DateLine, scheme: str, limits: Limits) -> None:
        self._transport = transport
        self._stall_seconds_max = limits.stall_timeout_seconds
        self._drain: asyncio.Future[None] | None = None
        self._since = 0.0
        self._unsent = 0
        self._writes = 0
        self.date = date
        self.scheme = scheme
        peer = transport.get_extra_info("peername")
        # A name on TCP is (address, port, …); on a UNIX socket it is a path, mostly an empty one.
        self.client: tuple[str, int] | None = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        self.write: Callable[[bytes], object] = transport.write
        """Send something now; a bound method of the transport, which saves each answer a frame."""
        self.out: list[bytes] | None = None
        """Answers to several requests of one read are collected here; None where there is but one."""
        self.is_full = False
        """Whether the client has to read before more is sent."""
        self.lost = False
        self.is_closing = False
        """Whether nothing that comes is a request any more."""

    # --- what the exchange calls ------------------------------------------------------------------

    async def wait_for_drain(self) -> None:
        """Return once the client has read enough of what was sent; raise if it went away."""
        self.flush()
        self._writes += 1
        if self._drain is not None:
            await asyncio.shield(self._drain)
        elif self._writes % WRITES_IN_A_ROW == 0:
            # Pieces that are made without any waiting would keep the loop from everybody else, and
            # from hearing that this client has gone.
            await asyncio.sleep(0)
        if self.lost:
            raise ClientDisconnected

    async def send_file(self, descriptor: int, start: int, stop: int) -> int:
        """Send a part of an open file without reading it; gives how far that went, see `send_file`."""
        return await send_file(self, descriptor, start, stop) if self.scheme == "http" else start

    def abort(self, *, reset: bool = False) -> None:
        """Break the connection off; with `reset` in a way that no client can take for the regular end."""
        self.flush()
        connected = self._transport.get_extra_info("socket") if reset else None
        if connected is not None and connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self.is_closing = True
        self.write = _drop
        self._transport.abort()

    # --- what sends files -------------------------------------------------------------------------

    def find_descriptor(self) -> int | None:
        """The descriptor of the socket; None once it is closed."""
        connected = self._transport.get_extra_info("socket")
        descriptor = -1 if connected is None or self.lost else connected.fileno()
        return descriptor if descriptor >= 0 else None

    async def wait_until_sent(self) -> None:
        """Return once the transport holds nothing; raise if the client went away."""
        transport = self._transport
        transport.set_write_buffer_limits(high=0)
        try:
            while transport.get_write_buffer_size() and not self.lost:
                await (asyncio.sleep(0) if self._drain is None else asyncio.shield(self._drain))
        finally:
            transport.set_write_buffer_limits()
        if self.lost:
            raise ClientDisconnected

    async def wait_for_room(self, watch: Callable[[Callable[[], None]], None]) -> None:
        """Return once `watch` calls what it is given; a client that reads nothing is cut as elsewhere."""
        self.pause(time.monotonic())
        watch(self.resume)
        if self._drain is not None:
            await asyncio.shield(self._drain)
        if self.lost:
            raise ClientDisconnected

    # --- what the connection calls ----------------------------------------------------------------

    def flush(self) -> None:
        """Send what was collected."""
        out, self.out = self.out, None
        if out:
            self.write(out[0] if len(out) == 1 else b"".join(out))

    def pause(self, now: float) -> None:
        """The client reads more slowly than we send."""
        self._drain = asyncio.get_running_loop().create_future()
        self.is_full = True
        self._note_time(now)

    def resume(self) -> None:
        """It has caught up, or is gone."""
        drain, self._drain = self._drain, None
        self.is_full = False
        if drain is not None and not drain.done():
            drain.set_result(None)

    def lose(self) -> None:
        """The client is gone."""
        self.lost = True
        self.write = _drop
        self.resume()

    def close(self, now: float) -> None:
        """Close as soon as everything is sent."""
        self._begin_to_close(now)
        self._transport.close()

    def linger(self, now: float, protocol: asyncio.Protocol) -> None:
        """Close our side as soon as everything is sent, and the whole when the client has read it."""
        self._begin_to_close(now)
        linger(self._transport, protocol)

    def check_time(self, now: float) -> bool:
        """Cut a client that doesn't read what it asked for; False if there is nothing that it should."""
        if self.lost or not (self.is_closing or self._drain is not None):
            return False
        unsent = self._transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._unsent, self._since = unsent, now
        seconds_max = self._stall_seconds_max if unsent or self._drain is not None else LINGER_SECONDS
        if now - self._since > seconds_max:
            self._transport.abort()
        return True

    def _begin_to_close(self, now: float) -> None:
        self.flush()
        self.write = _drop
        self.is_closing = True
        self._note_time(now)

    def _note_time(self, now: float) -> None:
        self._since, self._unsent = now, self._transport.get_write_buffer_size()


def _drop(data: bytes) -> None:
    """Instead of a transport that is at its end."""
