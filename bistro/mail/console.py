"""Messages shown in the terminal instead of sent, for development."""

from __future__ import annotations

import sys

from bistro.ground.text import escape_control_characters
from bistro.mail.message import Message

RULE = "-" * 72


class ConsoleTransport:
    """Writes each message to standard output: its headers, and its text."""

    async def send(self, message: Message) -> None:
        """Show it."""
        email = message.as_email()
        shown = [
            f"{name}: {value}" for name, value in email.items() if name in ("From", "To", "Cc", "Subject")
        ]
        shown += [f"Attachment: {each.name} ({len(each.content):,} bytes)" for each in message.attachments]
        lines = [*shown, "", *message.text.splitlines()]
        # One write, so that lines of other threads stay out; a text must not move the terminal's cursor.
        text = "\n".join([RULE, *map(escape_control_characters, lines), RULE, ""])
        sys.stdout.write(text)
        sys.stdout.flush()

    async def close(self) -> None:
        """Nothing is open."""
