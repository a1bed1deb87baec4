"""What the framework knows of a server's WebSockets, and what a site may set for them."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

WhenBehind = Literal["disconnect", "drop_oldest"]


class WebSocketOptions(Struct, frozen=True):
    """The limits of WebSockets, and whom they answer; each a default that holds without being asked for.

    For the whole app `App(websockets=WebSocketOptions(...))`, for one route an option of the same name:
    `@app.websocket("/chat", message_size_max=64_000)`.
    """

    message_size_max: int = 1024 * 1024
    """In bytes, after decompression and of all fragments together; more closes with 1009."""
    origins: tuple[str, ...] = ()
    """Origins besides the site's own that pages may connect from, `https://example.com`; `*` for any."""
    compress: bool = True
    """Whether texts of 1 KiB and more are compressed where the client offers it."""
    ping_seconds: float | None = 20.0
    """How long a client may be silent until it is asked whether it is there, for some up to a quarter less;
    None never asks."""
    pong_seconds: float = 20.0
    """How long it may take to answer that; then it is taken for gone."""
    send_queue_max: int = 64
    """So many messages of `send_nowait` wait for a slow client, then `when_behind` counts."""
    when_behind: WhenBehind = "disconnect"
    """What becomes of a client that is further behind: closed with 1013, or it misses the oldest ones."""


class SocketLink(Protocol):
    """A WebSocket handshake and what follows it, as servers, adapters and the test client offer it.

    Before `accept` the exchange is answered as any other; behind it nothing is sent by the exchange.
    """

    is_accepted: bool

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed, by either side; None while it is open."""
        ...

    @property
    def close_reason(self) -> str:
        """The reason that whoever closed it gave."""
        ...

    async def accept(self, subprotocol: str | None, header_block: bytes, options: WebSocketOptions) -> None:
        """Answer 101 with these headers; raise `WebSocketDisconnected` if the client has gone."""
        ...

    async def receive(self) -> str | bytes:
        """The next message; raise `WebSocketDisconnected` behind the last one."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message; waits while the client reads slowly. Raise `WebSocketDisconnected`."""
        ...

    def send_nowait(self, message: str | bytes) -> None:
        """Send a message, or keep it for a slow client within `WebSocketOptions.send_queue_max`."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close it; nothing happens where it is closed already."""
        ...
