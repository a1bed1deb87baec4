"""What errors may have in their words, and mails of them may not."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bistro.mail import MemoryTransport, Message, Outbox
from bistro.plugins.mail.error_mails import SUBJECT_LENGTH_MAX, TEXT_LENGTH_MAX, ErrorMailHandler


def mail_of(text: str, error: BaseException | None = None) -> Message:
    """The mail of an error that goes to the handler alone: test runners can't pass on every text."""

    async def run() -> Message:
        transport = MemoryTransport()
        outbox = Outbox(transport)
        handler = ErrorMailHandler(outbox, "s@example.com", ("t@example.com",), asyncio.get_running_loop())
        info = None if error is None else (type(error), error, error.__traceback__)
        handler.emit(logging.LogRecord("shop", logging.ERROR, __file__, 1, "%s", (text,), info))
        while not transport.messages:
            await asyncio.sleep(0)
        return transport.messages[0]

    return asyncio.run(run())


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: eve@example.com",
        "\0",
        "\ud800",
        "=?utf-8?q?a=0aBcc:_b?=",
        "\x1b[2J",
        "x" * 100_000,
        "",
        "\u2028",
    ],
)
def test_any_words_become_one_line_and_a_bounded_text(text: str) -> None:
    mail = mail_of(text)
    assert mail.subject.isprintable()
    assert len(mail.subject) <= 2 * SUBJECT_LENGTH_MAX
    assert "=?" not in mail.subject
    assert len(mail.text) <= TEXT_LENGTH_MAX + 1
    assert mail.as_email()["bcc"] is None


def test_error_whose_words_cannot_be_had_is_told_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert mail_of("it broke", Mute()).subject == "Mute: it broke"
