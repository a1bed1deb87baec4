"""Console, file and memory."""

from __future__ import annotations

import asyncio
import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from bistro.mail import (
    Attachment,
    ConsoleTransport,
    FileTransport,
    MailUnavailable,
    MemoryTransport,
    Message,
)

MESSAGE = Message(
    to="ada@example.com",
    bcc="eve@example.com",
    subject="Grüße",
    text="Follow https://example.com/x\n\x1b[2Jgone",
    html="<p>x</p>",
    sender="shop@example.com",
    attachments=(Attachment("a.txt", b"abc"),),
)


def test_console_shows_whom_what_and_links_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(ConsoleTransport().send(MESSAGE))
    shown = capsys.readouterr().out
    for wanted in (
        "To: ada@example.com",
        "Subject: Grüße",
        "https://example.com/x",
        "Attachment: a.txt (3 bytes)",
    ):
        assert wanted in shown.splitlines() or wanted in shown
    assert "\x1b" not in shown


def test_file_is_a_mail_of_its_own_that_only_the_owner_reads(tmp_path: Path) -> None:
    transport = FileTransport(tmp_path / "mails")

    async def run() -> None:
        await asyncio.gather(*(transport.send(MESSAGE) for _ in range(3)))

    asyncio.run(run())
    files = sorted((tmp_path / "mails").iterdir())
    assert len(files) == 3
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    email = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert (email["subject"], email["bcc"]) == ("Grüße", None)


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailUnavailable, match="can't be written"):
        asyncio.run(FileTransport(tmp_path / "file").send(MESSAGE))


def test_memory_keeps_the_last_ones() -> None:
    transport = MemoryTransport(kept_max=3)

    async def run() -> None:
        for number in range(5):
            await transport.send(Message(to="a@example.com", subject=str(number)))

    asyncio.run(run())
    assert [each.subject for each in transport.messages] == ["2", "3", "4"]
