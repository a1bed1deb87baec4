"""Files that a form brought: in memory while small, in a temporary file beyond, never by their own name.

How it works: `Spool` takes the bytes as they arrive and does every write to disk in a thread, half a MiB at
a time, so that neither a large file nor a million tiny chunks hold the event
loop (CVE-2025-54121). The temporary file has no name in the file system: whatever goes wrong, closing
it is all there is to clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from bistro.ground.concurrency import run_in_thread
from bistro.ground.stored_files import IncomingFile
from bistro.ground.text import safe_file_name
from bistro.http.errors import InsufficientStorage


class Upload(IncomingFile):
    """One file of a form. `await` its methods in `async def` handlers, use `file` in `def` handlers.

    `file_name` is safe to show and to offer for download; `raw_file_name`, `content_type` and
    `headers` are what the client claims. `size` is in bytes. The request closes it.
    """

    __slots__ = ("content_type", "file", "file_name", "headers", "raw_file_name", "size")

    def __init__(
        self,
        raw_file_name: str,
        file: IO[bytes],
        *,
        size: int,
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.raw_file_name = raw_file_name
        self.file_name = safe_file_name(raw_file_name)
        self.file = file
        self.size = size
        self.content_type = content_type
        self.headers = dict(headers or {})

    async def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, by default all that are left; empty at the end."""
        return self.file.read(size) if self._is_in_memory else await run_in_thread(self.file.read, size)

    async def seek(self, offset: int) -> None:
        """Read on from byte `offset`."""
        # Moving the place in a file that was opened for reading and writing may write what is buffered.
        if self._is_in_memory:
            self.file.seek(offset)
        else:
            await run_in_thread(self.file.seek, offset)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The rest of the file in pieces of at most 64 KiB."""
        while chunk := await self.read(_CHUNK_SIZE):
            yield chunk

    async def save_to(self, place: str | os.PathLike[str]) -> Path:
        """Write the whole file to `place` and return the path written.

        If `place` is a folder, the file gets a new random name with the suffix of its own; else
        `place` must not exist yet (FileExistsError), not even as a link. Only the owner may read it
        (mode 0600). A write that fails leaves nothing behind. Raises `InsufficientStorage` if the
        disk is full.
        """
        return await run_in_thread(self._save, Path(place))

    def close(self) -> None:
        """Give back the memory or the temporary file; a second time does nothing."""
        # What is buffered can't be written to a full disk, and nobody will read it.
        with contextlib.suppress(OSError):
            self.file.close()

    def __repr__(self) -> str:
        return f"Upload({self.file_name!r}, size={self.size})"

    @property
    def _is_in_memory(self) -> bool:
        return isinstance(self.file, BytesIO)

    def _save(self, place: Path) -> Path:
        if place.is_dir():
            place = place / (os.urandom(16).hex() + _suffix_of(self.file_name))
        with _full_disk_as_507(), _new_file(place) as target:
            self.file.seek(0)
            while piece := self.file.read(_CHUNK_SIZE):
                target.write(piece)
        self.file.seek(0)
        return place


class Spool:
    """Takes bytes of unknown number; `finish` gives the file that holds them, at its beginning.

    While one part is written in a thread the next one is taken, so that neither waits for the other;
    at most two parts are in memory.
    """

    __slots__ = ("_file", "_memory", "_part_size", "_writing", "size")

    def __init__(self, memory_size_max: int = 256 * 1024) -> None:
        self.size = 0
        self._part_size = memory_size_max
        self._memory = BytesIO()
        self._file: IO[bytes] | None = None
        self._writing: asyncio.Future[None] | None = None

    async def write(self, chunk: bytes | bytearray) -> None:
        """Append `chunk`. Raises `InsufficientStorage` if there was no room for it or an earlier one."""
        self.size += len(chunk)
        self._memory.write(chunk)
        if self._memory.tell() > self._part_size:
            await self._wait()
            part, self._memory = self._memory, BytesIO()
            # Larger from now on: each part costs a change of threads.
            self._part_size = max(self._part_size, PART_SIZE)
            self._writing = asyncio.ensure_future(run_in_thread(self._append, part))

    async def finish(self) -> IO[bytes]:
        """The file, to be closed by the caller."""
        await self._wait()
        if self._file is None:
            self._memory.seek(0)
            return self._memory
        await run_in_thread(self._append, self._memory, True)
        return self._file

    def close(self) -> None:
        """Throw everything away."""
        self._memory.close()
        if self._writing is not None and not self._writing.done():
            # A thread may still write into the file; whatever becomes of that, nobody asks any more.
            self._writing.add_done_callback(self._close_behind)
        else:
            self._close_file()

    async def _wait(self) -> None:
        writing = self._writing
        if writing is not None:
            await asyncio.shield(writing)
            self._writing = None

    def _append(self, part: BytesIO, is_last: bool = False) -> None:
        with _full_disk_as_507():
            if self._file is None:
                # Late: it brings four archive formats along, and few sites ever spool a file.
                import tempfile

                # Closed by `close`, or by the Upload that the file is handed to.
                self._file = tempfile.TemporaryFile()  # noqa: SIM115
            # Released at once: kept alive by a traceback, it would forbid to close the memory.
            with part.getbuffer() as view:
                self._file.write(view)
            if is_last:
                self._file.seek(0)

    def _close_behind(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled():
            done.exception()  # looked at, so that nobody warns of it
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    # O_EXCL: two uploads never share a file, and a link planted in the folder isn't followed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS_WHERE_KNOWN
    target = os.fdopen(os.open(path, flags, 0o600), "wb")
    try:
        with target:
            yield target
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _full_disk_as_507() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL_DISK:
            raise InsufficientStorage("There is no room to store the file.") from error
        raise


def _suffix_of(file_name: str) -> str:
    """The suffix in lower case where it is plain, so that programs still know the kind of the file."""
    suffix = Path(file_name).suffix.lower()
    return (
        suffix if len(suffix) <= _SUFFIX_LENGTH_MAX and suffix[1:].isascii() and suffix[1:].isalnum() else ""
    )


_CHUNK_SIZE: Final = 64 * 1024
PART_SIZE: Final = 512 * 1024
_SUFFIX_LENGTH_MAX: Final = 10
_FULL_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
# Windows knows neither, but needs O_BINARY.
_FLAGS_WHERE_KNOWN: Final[int] = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
