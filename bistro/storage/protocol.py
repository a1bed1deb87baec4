"""What a place for files must be able to do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Final, Protocol

from bistro.ground.errors import AnswerableError, BistroError

_NAME: Final = re.compile(r"[0-9a-f]{32}(?:\.[a-z0-9]{1,10})?\Z")
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}\Z")


class StorageNameError(BistroError):
    """A text is no name that a storage has given."""

    code = "B954"


class StorageFull(AnswerableError):
    """There is no room for a file.

    If you see this: the disk, or what the site's user may have of it, is full. Nothing was kept.
    """

    code = "B959"
    status = 507
    detail = "There is no room to store the file."


class FileStorage(Protocol):
    """Keeps files under names that it makes up itself, so that nobody chooses where they land."""

    async def save(self, pieces: AsyncIterable[bytes], *, suffix: str = "") -> str:
        """Keep what comes and return its name, which ends with `suffix` where that is a plain one."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no fault."""
        ...

    def find_path(self, name: str) -> Path | None:
        """Where it is on this machine's disk, None where it is elsewhere or not there."""
        ...


def check_name(name: str) -> str:
    """`name` if a storage may have given it. Raises `StorageNameError` (B954)."""
    if not _NAME.match(name):
        raise StorageNameError(
            f"{name[:60]!r} is no name of a stored file", fix="Give the name that `save` has returned."
        )
    return name


def plain_suffix(file_name: str) -> str:
    """The suffix of a file name, in lower case, where it is short and plain; else nothing."""
    suffix = Path(file_name).suffix.lower()
    return suffix if _SUFFIX.match(suffix) else ""
