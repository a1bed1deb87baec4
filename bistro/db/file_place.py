"""What a database must know of the place where the files of its rows are kept."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Protocol


class FilePlace(Protocol):
    """Where files are kept; the protocol of `bistro.storage.FileStorage`, as far as it is needed here."""

    async def save(self, pieces: AsyncIterable[bytes], *, suffix: str = "") -> str:
        """Keep what comes and return its name."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a file."""
        ...
