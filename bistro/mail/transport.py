"""What sends a message, and what keeps one until it is sent."""

from __future__ import annotations

from typing import Protocol

from bistro.mail.message import Message


class Transport(Protocol):
    """A way to send messages; it is called for one message at a time."""

    async def send(self, message: Message) -> None:
        """Send it. Raises `MailUnavailable` where trying again may help, else `MailRefused`."""
        ...

    async def close(self) -> None:
        """Let go of connections; called whenever no message waits. `send` may come again."""
        ...


class MailQueue(Protocol):
    """What takes messages to be sent soon: the process itself, or tasks kept in a database."""

    async def put(self, message: Message) -> None:
        """Keep it, and see to it that it is sent. Raises `MailQueueFull`."""
        ...
