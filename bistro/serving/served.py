"""What the server holds of each client, whatever protocol they speak."""

from __future__ import annotations

from typing import Protocol


class Served(Protocol):
    """A connection that the server keeps the time of, and ends when it stops.

    What takes over from an HTTP connection (a WebSocket) calls `opened(itself)` and then
    `closed(connection)` on the server. The stop waits until all that were opened are closed again,
    for the time of grace; then it cuts those that are left.
    """

    def check_time(self, now: float) -> None:
        """Called once a second, with monotonic seconds: close what has stood still for too long."""
        ...

    def stop(self) -> None:
        """The server begins to stop: end in good order, soon (a WebSocket closes with 1001)."""
        ...

    def cut(self) -> None:
        """The time of grace is over: break off, and cancel what runs on the client's behalf."""
        ...
