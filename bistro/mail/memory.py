"""Messages kept instead of sent, for tests."""

from __future__ import annotations

from collections import deque

from bistro.mail.message import Message

KEPT_MAX = 1_000


class MemoryTransport:
    """Keeps the last `kept_max` messages in `messages`, the oldest first."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self.messages: deque[Message] = deque(maxlen=kept_max)

    async def send(self, message: Message) -> None:
        """Keep it, in the form that would have been sent: what can't be sent is not kept."""
        message.as_email().as_bytes()
        self.messages.append(message)

    async def close(self) -> None:
        """Nothing is open."""
