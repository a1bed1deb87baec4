"""What is sent of a file: parts of it, read when they are sent and off the event loop.

The file is opened once, and everything that is said about it (size, date, tag) comes from that open
file, so that nobody can put another in its place between looking and reading.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bistro.ground.concurrency import run_in_thread
from bistro.ground.types import Exchange, FileWriter
from bistro.http.conditional import make_etag
from bistro.http.errors import NotFound, ServiceUnavailable
from bistro.http.file_place import FilePath, lies_inside

PIECE_SIZE: Final = 256 * 1024
WHOLE_SIZE_MAX: Final = 128 * 1024
"""Files of up to this size are read where they are opened: to read them later costs more than to do it."""


class FileContent:
    """The `parts` to send of a source: bytes as they are, and slices that stand for bytes of the source.

    Doesn't hold the `File`, so that one that is never sent is closed at once and not by the collector.
    """

    __slots__ = ("_source", "parts")

    def __init__(self, source: BytesSource | OpenFile) -> None:
        self._source = source
        self.parts: list[bytes | slice] = [slice(0, source.size)]

    @property
    def content(self) -> bytes | None:
        """The whole source, where it is in memory."""
        return self._source.content

    def take_whole(self) -> bytes | None:
        """All parts as one, where they are in memory; then the file is closed."""
        source, parts = self._source, self.parts
        content = source.content
        if content is None and any(isinstance(part, slice) for part in parts):
            return None
        source.close()
        if content is not None and parts == [slice(0, source.size)]:
            return content
        return b"".join(part if isinstance(part, bytes) else (content or b"")[part] for part in parts)

    async def send(self, exchange: Exchange) -> None:
        """Write the parts to an answer that has begun, in the way that costs this server least."""
        descriptor = self._source.descriptor
        for part in self.parts:
            if isinstance(part, bytes):
                await exchange.write(part)
                continue
            start = part.start
            if descriptor is not None and isinstance(exchange, FileWriter):
                start = await exchange.write_file(descriptor, start, part.stop)
            async for piece in self._read(start, part.stop):
                await exchange.write(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for part in self.parts:
                if isinstance(part, bytes):
                    yield part
                else:
                    async for piece in self._read(part.start, part.stop):
                        yield piece
        finally:
            self._source.close()

    async def aclose(self) -> None:
        """Close the file."""
        self._source.close()

    async def _read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        for place in range(start, stop, PIECE_SIZE):
            yield await self._source.read(place, min(PIECE_SIZE, stop - place))


class BytesSource:
    """A content that is in memory."""

    __slots__ = ("content", "size")

    name = ""
    modified = None
    descriptor = None

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)

    def etag(self) -> str:
        """A tag made from the bytes."""
        return make_etag(self.content)

    async def read(self, start: int, size: int) -> bytes:
        """`size` bytes from `start` on."""
        return self.content[start : start + size]

    def close(self) -> None:
        """Nothing to close."""


class OpenFile:
    """A file of the disk; closed when it was read or sent, or at the latest when nobody holds it.

    Raises `NotFound` for what is no plain file that may be read, or lies outside of `inside`.
    """

    __slots__ = ("_stat", "content", "descriptor", "modified", "name", "size")

    def __init__(self, path: FilePath, inside: FilePath | None) -> None:
        self.descriptor: int | None = None
        self.content: bytes | None = None
        self.descriptor = _open(path)
        self._stat = os.fstat(self.descriptor)
        if not stat.S_ISREG(self._stat.st_mode):
            raise NotFound
        if inside is not None and not lies_inside(self.descriptor, path, inside):
            raise NotFound
        self.name = Path(path).name
        self.size = self._stat.st_size
        self.modified = datetime.fromtimestamp(self._stat.st_mtime, UTC)
        if self.size <= WHOLE_SIZE_MAX:
            self._read_whole()

    def etag(self) -> str:
        """A tag made from date, in nanoseconds, and size."""
        # Strong enough that parts of two versions are never joined.
        return f'"{self._stat.st_mtime_ns:x}-{self.size:x}"'

    async def read(self, start: int, size: int) -> bytes:
        """`size` bytes from `start` on. Raises OSError where there are fewer."""
        if self.content is not None:
            return self.content[start : start + size]
        data = await run_in_thread(self._read_at, start, size)
        if len(data) < size:
            raise file_became_shorter(self.name)
        return data

    def close(self) -> None:
        """Close the file; what was read stays."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def _read_whole(self) -> None:
        content = self._read_at(0, self.size)
        if len(content) == self.size:
            self.content = content
            self.close()

    def _read_at(self, start: int, size: int) -> bytes:
        assert self.descriptor is not None
        os.lseek(self.descriptor, start, os.SEEK_SET)
        pieces = []
        while size > 0 and (data := os.read(self.descriptor, size)):
            pieces.append(data)
            size -= len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def file_became_shorter(name: str = "") -> OSError:
    """What breaks an answer off that has promised more bytes than the file still has."""
    return OSError(errno.EIO, "the file became shorter while it was sent", name)


def _open(path: FilePath) -> int:
    try:
        return os.open(path, _OPEN_FLAGS)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise ServiceUnavailable("Too many files are open.", headers={"retry-after": "1"}) from error
        if error.errno in _NOT_THERE:
            raise NotFound from error
        raise
    except ValueError as error:  # a NUL in the path
        raise NotFound from error


# O_NONBLOCK: opening a named pipe would wait for its writer; for a plain file it means nothing.
_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
_NOT_THERE: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,
        errno.ENXIO,
        errno.ENODEV,
    }
)
