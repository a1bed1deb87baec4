"""The receiving side of one connection: what is held, where it belongs, and when to stop reading."""

from __future__ import annotations

import asyncio

from bistro.http.errors import BadRequest
from bistro.serving.body import BodyReader
from bistro.serving.framing import RequestCutter
from bistro.serving.limits import Limits
from bistro.serving.request_head import Refused

HELD_SIZE_MAX = 256 * 1024
_FOR_BODY, _FOR_REQUESTS = 1, 2


class Inlet:
    """Gives what comes to the body that is being received, else to the `cutter`; drops it when deaf."""

    __slots__ = ("_paused_for", "_reader", "_stall_seconds_max", "_transport", "cutter", "is_deaf")

    def __init__(self, transport: asyncio.Transport, limits: Limits) -> None:
        self._transport = transport
        self._stall_seconds_max = limits.stall_timeout_seconds
        self._reader: BodyReader | None = None
        self._paused_for = 0
        self.cutter = RequestCutter(limits)
        self.is_deaf = False
        """Whether what comes is read and dropped, so that the answer is not lost to a reset."""

    @property
    def is_in_body(self) -> bool:
        """Whether a body is on its way whose request is being answered already."""
        return self._reader is not None

    def take(self, data: bytes) -> bool:
        """Put `data` where it belongs; whether there may be a request to answer now."""
        if self.is_deaf:
            return False
        if self._reader is None:
            self.cutter.held += data
            return True
        self._feed_reader(self._reader, data)
        return False

    def begin_body(self, body: bytes) -> BodyReader:
        """The reader of a body of which no more than `body` has come."""
        left = self.cutter.left
        reader = self._reader = BodyReader(
            None if left is None else left + len(body),
            pause=lambda: self._pause(_FOR_BODY, True),
            resume=lambda: self._pause(_FOR_BODY, False),
            stall_seconds=self._stall_seconds_max,
        )
        if body:
            reader.feed(body)
        return reader

    def end_body(self) -> None:
        """The request is answered: nobody reads its body any more."""
        self._pause(_FOR_BODY, False)

    def check_size(self) -> None:
        """Read no more while too much is held."""
        self._pause(_FOR_REQUESTS, len(self.cutter.held) > HELD_SIZE_MAX)

    def close(self) -> None:
        """Hear no more: what is held is forgotten, who reads a body is told that no more will come."""
        self.is_deaf = True
        self.cutter.held.clear()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.abort()
        self._pause(_FOR_BODY | _FOR_REQUESTS, False)

    def _feed_reader(self, reader: BodyReader, data: bytes) -> None:
        try:
            reader.feed(self.cutter.take_body(data))
        except Refused as refused:
            self.is_deaf = True
            reader.abort(BadRequest(refused.detail))
            return
        if not self.cutter.is_in_body:
            self._reader = None
            reader.feed_end()

    def _pause(self, reason: int, is_on: bool) -> None:
        """Stop reading while there is any reason to."""
        before, after = self._paused_for, self._paused_for & ~reason | reason * is_on
        self._paused_for = after
        if bool(before) == bool(after) or self._transport.is_closing():
            return
        if after:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
