"""What is said of files across rooms: one that a client sends, and one that the site keeps.

Both are plain classes, which nothing can make from JSON: whoever sends text can neither hand in a file
nor name one that is there. A kept file is shown in JSON as an object with its name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

SIZE_DIGITS_MAX: Final = 18


class IncomingFile:
    """A file that a client sends with a form; `bistro.Upload` is one."""

    __slots__ = ()

    file_name: str
    """Safe to show and to offer for download."""
    size: int
    """In bytes."""

    async def seek(self, offset: int) -> None:
        """Read on from byte `offset`."""
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The rest of the file in pieces."""
        raise NotImplementedError


class StoredFile:
    """A file in the site's storage, as a column of a model holds it: `photo: Field[StoredFile | None]`.

    Made where an upload is stored with a row, never from what a client sends.
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name that the storage made up; empty as long as the file waits to be stored with its row."""
        raise NotImplementedError

    @property
    def file_name(self) -> str:
        """What the visitor called it, safe to show and for downloads; empty where that is not known."""
        raise NotImplementedError

    @property
    def size(self) -> int | None:
        """In bytes; None where that is not known."""
        raise NotImplementedError

    @staticmethod
    def of(upload: IncomingFile) -> StoredFile:
        """An upload as a value of a field, kept with the row: `paper.text = StoredFile.of(upload)`."""
        return WaitingFile(upload)


class KeptFile(Struct, StoredFile, frozen=True):
    """The values of a `StoredFile`."""

    # A Struct's field is read as a property is.
    name: str  # pyright: ignore[reportIncompatibleMethodOverride]
    file_name: str = ""  # pyright: ignore[reportIncompatibleMethodOverride]
    size: int | None = None  # pyright: ignore[reportIncompatibleMethodOverride]


class WaitingFile(StoredFile):
    """An upload that is not stored yet."""

    __slots__ = ("upload",)

    def __init__(self, upload: IncomingFile) -> None:
        self.upload = upload

    @property
    def name(self) -> str:
        """It has none yet."""
        return ""

    @property
    def file_name(self) -> str:
        """What the visitor called it."""
        return self.upload.file_name

    @property
    def size(self) -> int:
        """In bytes."""
        return self.upload.size


def find_upload(value: object) -> IncomingFile | None:
    """The upload that a value for a column is, if it is one."""
    if isinstance(value, WaitingFile):
        return value.upload
    return value if isinstance(value, IncomingFile) else None


def write_stored_file(value: object) -> str:
    """The text that stands in a column: name, size and file name. Raises ValueError for anything else."""
    if not isinstance(value, KeptFile):
        raise ValueError("only a file that was uploaded can be stored here, and not the name of one")
    if value.size is None and not value.file_name:
        return value.name
    return f"{value.name} {'' if value.size is None else value.size} {value.file_name}"


def read_stored_file(text: str) -> StoredFile:
    """The file that a text of `write_stored_file` stands for; a bare name is one as well."""
    name, _, rest = text.partition(" ")
    size, _, file_name = rest.partition(" ")
    is_number = size.isascii() and size.isdigit() and len(size) <= SIZE_DIGITS_MAX
    return KeptFile(name, file_name, int(size) if is_number else None)
