"""Files in a folder of this machine, or one that several machines share."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Final

from bistro.ground.concurrency import run_in_thread
from bistro.storage.protocol import StorageFull, check_name, plain_suffix

BUFFER_SIZE: Final = 1024 * 1024
# O_EXCL: two uploads never share a file. O_NOFOLLOW: a link planted in the folder isn't followed.
_FLAGS: Final[int] = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class DiskStorage:
    """Keeps files beneath `folder`, in 256 folders, readable for the site's own user alone (0600, 0700)."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).absolute()

    async def save(self, pieces: AsyncIterable[bytes], *, suffix: str = "") -> str:
        """Write what comes, off the event loop, and return the name; a broken write leaves nothing behind.

        Raises `StorageFull` (B959), answered with 507.
        """
        name = secrets.token_hex(16) + plain_suffix(f"x{suffix}")
        path = self._place(name)
        handle = await run_in_thread(_create, self._folder, path)
        try:
            buffered: list[bytes] = []
            size = 0
            async for piece in pieces:
                buffered.append(piece)
                size += len(piece)
                if size >= BUFFER_SIZE:
                    await run_in_thread(_write, handle, b"".join(buffered))
                    buffered, size = [], 0
            await run_in_thread(_write, handle, b"".join(buffered))
        except BaseException as error:
            os.close(handle)
            path.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in _FULL:
                raise StorageFull("the disk is full", fix="Make room, or keep files elsewhere.") from error
            raise
        os.close(handle)
        return name

    async def delete(self, name: str) -> None:
        """Remove the file. Raises `StorageNameError` (B954)."""
        await run_in_thread(lambda: self._place(name).unlink(missing_ok=True))

    def find_path(self, name: str) -> Path | None:
        """Where it is. Raises `StorageNameError` (B954)."""
        path = self._place(name)
        return path if path.is_file() and not path.is_symlink() else None

    def _place(self, name: str) -> Path:
        return self._folder / check_name(name)[:2] / name


def _create(folder: Path, path: Path) -> int:
    # One after the other: the mode is not that of parents that are made on the way (CVE-2020-24583).
    for each in (folder, path.parent):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, _FLAGS, 0o600)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
