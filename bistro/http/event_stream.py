"""Server-sent events: values as they happen, for a browser's `EventSource` (WHATWG HTML §9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, Generic  # Any: whatever can be encoded as JSON

from msgspec import Struct

from bistro.ground.errors import BistroError
from bistro.http.json_lines import Item
from bistro.http.response import Stream

HEARTBEAT_SECONDS: Final = 15.0
HEARTBEAT: Final = b":\n\n"
"""A comment: clients skip it, and a dead connection is noticed when it is sent."""
# nginx keeps answers back to fill its buffers, unless it is told otherwise.
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventError(BistroError):
    """An event that can't be sent as given.

    If you see this: the name or id of an event holds a line break or NUL, which would end it early,
    or the id holds a letter outside of ASCII, which would not come back as it was sent. Send such
    text as data.
    """

    code: ClassVar[str] = "B481"


class Event(Struct, frozen=True):
    """One event of an `EventStream`. Raises `EventError` for a name or id that can't be sent."""

    data: Any = None
    """Text is sent as it is, everything else as JSON; with None the event only sets id and retry."""
    event: str = ""
    """The name that a page listens for; browsers take none for `message`."""
    id: str | None = None
    """What a client that connects again sends as `Last-Event-ID`; ASCII."""
    retry_seconds: float | None = None
    """How long the client waits before it connects again; sent in milliseconds."""

    def __post_init__(self) -> None:
        for name, text in (("event", self.event), ("id", self.id or "")):
            if "\n" in text or "\r" in text or "\0" in text:
                raise EventError(f"the {name} {text!r:.80} of an event holds a line break or NUL")
        if not (self.id or "").isascii():
            raise EventError(f"the id {self.id!r:.80} of an event is not ASCII")
        if self.retry_seconds is not None and not 0 <= self.retry_seconds < 1e9:
            raise EventError(f"an event can't ask clients to wait {self.retry_seconds} seconds")

    def to_bytes(self, encode: Callable[[object], bytes]) -> bytes:
        """The lines of this event, and the blank one that ends it; `encode` makes JSON."""
        lines = []
        if self.event:
            lines.append(f"event: {self.event}\n".encode())
        if self.id is not None:
            lines.append(f"id: {self.id}\n".encode())
        if self.retry_seconds is not None:
            lines.append(b"retry: %d\n" % round(self.retry_seconds * 1000))
        if self.data is not None:
            lines.append(frame_data(self.data, encode))
        lines.append(b"\n")
        return b"".join(lines)


def frame_data(data: object, encode: Callable[[object], bytes]) -> bytes:
    """`data` behind `data:`, once for each of its lines."""
    if not isinstance(data, str):
        return b"data: " + encode(data) + b"\n"  # JSON, which holds no line break
    if "\r" in data:
        data = data.replace("\r\n", "\n").replace("\r", "\n")
    lines = data.replace("\n", "\ndata: ")
    return f"data: {lines}\n".encode()


class EventStream(Stream, Generic[Item]):
    """Events for a browser's `EventSource`, sent while `events` (an async generator, mostly) gives them.

    What it gives is an `Event`, or the data of one: text as it is, everything else as JSON. A quiet
    stream sends a comment every `heartbeat_seconds`, so that a client that is gone without a word
    is noticed. The generator is closed when the client goes away and when the server stops; clients
    connect again by themselves, and send the id of the last event as `Last-Event-ID`.
    """

    __slots__ = ("_encode", "heartbeat_seconds")

    def __init__(
        self,
        events: AsyncIterable[Event | Item] | Iterable[Event | Item],
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if heartbeat_seconds <= 0:
            raise ValueError(f"a heartbeat every {heartbeat_seconds} seconds is none")
        super().__init__(
            events, status=status, headers={**_HEADERS, **(headers or {})}, content_type="text/event-stream"
        )
        self.heartbeat_seconds = heartbeat_seconds

    def encode_with(self, encode: Callable[[object], bytes]) -> None:
        """Take what makes JSON of values."""
        self._encode = encode

    def encode_piece(self, piece: object) -> bytes:
        """One event as it is sent."""
        if isinstance(piece, Event):
            return piece.to_bytes(self._encode)
        return frame_data(piece, self._encode) + b"\n"
