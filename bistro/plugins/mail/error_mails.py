"""Errors that nobody has handled, told to the team by mail: each once an hour, and never in a flood."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from pathlib import Path
from typing import Final

from bistro.ground import redact_text, request_log_fields
from bistro.mail import MailError, Message, Outbox

SAME_SECONDS: Final = 3_600
COUNT_MAX: Final = 20
"""Mails in an hour, whatever happens."""
TEXT_LENGTH_MAX: Final = 20_000
SUBJECT_LENGTH_MAX: Final = 120


class ErrorMailHandler(logging.Handler):
    """A handler of the log that makes a mail of each error.

    The same error, from the same line, is told once an hour; an hour has at most twenty mails. Values
    that look like secrets are masked as in the log. What goes wrong with mail itself is not mailed.
    """

    def __init__(
        self, outbox: Outbox, sender: str, to: tuple[str, ...], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(logging.ERROR)
        self._outbox = outbox
        self._sender = sender
        self._to = to
        self._loop = loop
        self._told: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Send it, from whatever thread it comes."""
        if record.name.startswith("bistro.mail") or not self._is_new(record):
            return
        try:
            message = self._make_message(record)
            self._loop.call_soon_threadsafe(self._send, message)
        except Exception:  # noqa: BLE001 - a log that fails must not make another error
            self.handleError(record)

    def _send(self, message: Message) -> None:
        task = self._loop.create_task(self._outbox.put(message))
        task.add_done_callback(_forget_fault)

    def _is_new(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        self._told = {key: at for key, at in self._told.items() if now - at < SAME_SECONDS}
        key = (record.name, _place_of(record))
        if key in self._told or len(self._told) >= COUNT_MAX:
            return False
        self._told[key] = now
        return True

    def _make_message(self, record: logging.LogRecord) -> Message:
        what = redact_text(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        lines = [what, "", f"logger: {record.name}"]
        lines += [f"{name}: {value}" for name, value in (request_log_fields.get() or {}).items()]
        if error is not None:
            lines += ["", redact_text("".join(traceback.format_exception(error, limit=-40)))]
        subject = f"{type(error).__name__}: {what}" if error is not None else what
        return Message(
            to=self._to,
            sender=self._sender,
            subject=_as_subject(subject),
            text=_as_text("\n".join(lines))[:TEXT_LENGTH_MAX] + "\n",
        )


def _place_of(record: logging.LogRecord) -> str:
    """The line that raised it, or what was logged, without what varies."""
    error = record.exc_info[1] if record.exc_info else None
    frames = traceback.extract_tb(error.__traceback__, limit=-1) if error is not None else []
    if frames:
        return f"{type(error).__name__} {frames[-1].filename}:{frames[-1].lineno}"
    return f"{Path(record.pathname).name}:{record.lineno} {str(record.msg)[:200]}"


def _as_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _as_subject(text: str) -> str:
    """One line that a header may hold, whatever an error has in its words."""
    shown = "".join(char if char.isprintable() else " " for char in _as_text(text[:SUBJECT_LENGTH_MAX]))
    return " ".join(shown.replace("=?", "= ?").split())


def _forget_fault(task: asyncio.Task[None]) -> None:
    """A queue that is full has told the log already what it could not take."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, MailError):
        raise error
