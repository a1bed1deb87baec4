"""A folder for what can be made again: kept between runs, and believed only if nobody else could write it.

What is kept there decides what a site does (SQL, compiled templates), so it is as much a part of the
program as the program's own files: a file or folder that another user owns or may write is not read.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

NAME: Final = ".bistro"
SETTING: Final = "BISTRO_CACHE"
OFF: Final = "off"


class CacheFolder:
    """The folder `.bistro` beside an app, or the one that `BISTRO_CACHE` names; `off` there means none.

    It is made at the first write. Nothing here raises: a site whose folders can't be written, or
    whose cache can't be believed, does without.
    """

    def __init__(self, beside: Path) -> None:
        named = os.environ.get(SETTING, "").strip()
        self.is_off = named.lower() == OFF
        self.path = Path(named) if named and not self.is_off else beside / NAME

    def read(self, name: str, size_max: int) -> bytes | None:
        """The content of the file `name`; None where there is none that can be believed."""
        if self.is_off or not self._is_safe():
            return None
        try:
            handle = os.open(self.path / name, os.O_RDONLY | _NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or not is_ours(status) or status.st_size > size_max:
                return None
            return file.read(size_max)

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file `name`, at once: others may do the same."""
        self._write(name, content, os.O_APPEND)

    def replace(self, name: str, content: bytes) -> None:
        """Make this the content of the file `name`; who reads it sees the old or the new one, whole."""
        part = f"{name}.{os.getpid()}"
        if self._write(part, content, os.O_EXCL):
            try:
                (self.path / part).replace(self.path / name)
            except OSError:
                self.remove(part)

    def remove(self, name: str) -> None:
        """Remove the file `name`, if it is there."""
        if self._is_safe():
            with suppress(OSError):
                (self.path / name).unlink()

    def _write(self, name: str, content: bytes, how: int) -> bool:
        if self.is_off or not self._make() or not self._is_safe():
            return False
        try:
            handle = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | _NOFOLLOW | how, 0o600)
        except OSError:
            return False
        try:
            return is_ours(os.fstat(handle)) and os.write(handle, content) == len(content)
        except OSError:  # the disk is full
            return False
        finally:
            os.close(handle)

    def _make(self) -> bool:
        try:
            self.path.mkdir(mode=0o700)
            # Version control need not be told of it.
            (self.path / ".gitignore").write_text("*\n")
        except FileExistsError:
            pass
        except OSError:
            return False
        return True

    def _is_safe(self) -> bool:
        try:
            status = self.path.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(status.st_mode) and is_ours(status)


_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


def is_ours(status: os.stat_result) -> bool:
    """Whether only this user, or the system's, can have written it."""
    if not hasattr(os, "geteuid"):
        return True  # Windows: a folder is its user's own
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
