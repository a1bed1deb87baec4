"""Messages written into a folder instead of sent, one file each, as mail programs open them."""

from __future__ import annotations

import os
from pathlib import Path

from bistro.ground.clock import SystemClock
from bistro.ground.concurrency import run_in_thread
from bistro.mail.errors import MailUnavailable
from bistro.mail.message import Message


class FileTransport:
    """Writes each message into `folder` as `20261126T163000.123456-….eml`, which only the owner may read."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()

    async def send(self, message: Message) -> None:
        """Write it. Raises `MailUnavailable` where the disk is full or the folder can't be written."""
        name = f"{SystemClock().now():%Y%m%dT%H%M%S.%f}-{os.urandom(8).hex()}.eml"
        try:
            await run_in_thread(_write, self.folder, name, message)
        except OSError as error:
            raise MailUnavailable(f"{self.folder} can't be written: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing is open."""


def _write(folder: Path, name: str, message: Message) -> None:
    content = message.as_email().as_bytes()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
