"""Files as answers: types, names, conditions and ranges, read in pieces off the event loop.

How it works: the file is opened once, where the `File` is made, and everything that is said about
it (size, date, tag) comes from that open file, so that nobody can put another in its place between
looking and reading. What is sent of it (all, some ranges, nothing) is decided by `resolve`, which the
app calls when it sends, because only then all headers are known.
"""

from __future__ import annotations

import errno
import mimetypes
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from bistro.ground.concurrency import run_in_thread
from bistro.http.conditional import evaluate_preconditions, is_range_current, make_etag
from bistro.http.content_disposition import content_disposition
from bistro.http.dates import format_http_date
from bistro.http.errors import NotFound, RangeNotSatisfiable, ServiceUnavailable
from bistro.http.ranges import byteranges_length, byteranges_pieces, content_range, parse_range
from bistro.http.response import Stream

PIECE_SIZE: Final = 256 * 1024

FindHeader: TypeAlias = Callable[[str], str | None]


class File(Stream):
    """A file of the disk, or bytes as if they were one; `HEAD`, conditions and ranges need no work.

    Raises `NotFound` where there is no such file, it isn't a plain one (a folder, a device), it may
    not be read, or it lies outside of the folder `inside`, also by a symbolic link: give that wherever
    a part of the path comes from a request. The file is opened here and now; where the disk may be
    slow, make the answer in a `def` handler, which runs in a thread.

    `file_name` is what a download is saved as; `attachment` makes browsers save instead of show.
    `content_type` follows from the name. `etag` and `last_modified` follow from the file unless
    given; False leaves them out. `cache()` says who may keep it; without it, clients guess.
    """

    __slots__ = ("_parts", "etag", "last_modified", "size")

    def __init__(
        self,
        content: str | os.PathLike[str] | bytes,
        *,
        inside: str | os.PathLike[str] | None = None,
        file_name: str | None = None,
        content_type: str | None = None,
        disposition: Literal["inline", "attachment"] = "inline",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        etag: str | Literal[False] | None = None,
        last_modified: datetime | Literal[False] | None = None,
    ) -> None:
        source = _Bytes(content) if isinstance(content, bytes) else _OpenFile(content, inside)
        name = file_name if file_name is not None else source.name
        parts: list[bytes | slice] = [slice(0, source.size)]
        super().__init__(
            _read(source, parts),
            status=status,
            content_type=content_type or guess_content_type(name),
            length=source.size,
        )
        self._parts = parts
        self.size: int = source.size
        """In bytes, also where less is sent."""
        self.etag: str | None = source.etag() if etag is None else etag or None
        self.last_modified: datetime | None = (
            source.modified if last_modified is None else last_modified or None
        )
        self._describe(file_name, name, disposition)
        for header, value in (headers or {}).items():
            self.headers[header] = value

    def resolve(self, method: str, find_header: FindHeader) -> None:
        """Decide what is sent, by the request's conditions and ranges (RFC 9110 §13, §14).

        The status becomes 200, 206, 304, 412 or 416. `find_header` gives all values of a request
        header as one list. The app calls this once, when it sends the answer.
        """
        if self.status != 200 or method not in ("GET", "HEAD"):
            return
        decision = evaluate_preconditions(
            method, find_header, etag=self.etag, last_modified=self.last_modified
        )
        if decision == 304:
            self._send_nothing(304)
        elif decision == 412:
            self._refuse(412, "Precondition Failed", "The file has changed since you read it.")
        elif method == "GET":  # RFC 9110 §14.2: ranges of HEAD mean nothing
            self._choose_ranges(find_header)

    def _choose_ranges(self, find_header: FindHeader) -> None:
        asked = find_header("range")
        if asked is None or not is_range_current(
            find_header("if-range"), etag=self.etag, last_modified=self.last_modified
        ):
            return
        try:
            ranges = parse_range(asked, self.size)
        except RangeNotSatisfiable as error:
            self._refuse(416, error.title, error.detail)
            self.headers.update(error.headers)
            return
        if ranges is not None:
            self._send_ranges(ranges)

    def _send_ranges(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.status = 206
        if len(ranges) == 1:
            ((start, stop),) = ranges
            self.headers["content-range"] = content_range(start, stop, self.size)
            self._parts[:], self.length = [slice(start, stop)], stop - start
            return
        boundary, content_type = os.urandom(16).hex(), self.headers.get("content-type", OCTETS)
        self._parts[:] = list(byteranges_pieces(ranges, self.size, content_type, boundary))
        self.length = byteranges_length(ranges, self.size, content_type, boundary)
        self.headers["content-type"] = f"multipart/byteranges; boundary={boundary}"

    def _send_nothing(self, status: int) -> None:
        # RFC 9110 §15.4.5: a 304 repeats what a cache needs, and says nothing of a content.
        self.status, self.length = status, 0
        self._parts.clear()
        for name in ("content-type", "content-disposition", "accept-ranges"):
            self.headers.remove(name)

    def _refuse(self, status: int, title: str, detail: str) -> None:
        # Hooks and error pages have had their turn when this is decided; programs ask such things.
        self._send_nothing(status)
        for name in ("etag", "last-modified", "cache-control"):
            self.headers.remove(name)
        self.headers["content-type"] = "application/problem+json"
        document = (
            f'{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}"}}'.encode()
        )
        self._parts[:], self.length = [document], len(document)

    def _describe(
        self, given_name: str | None, name: str, disposition: Literal["inline", "attachment"]
    ) -> None:
        headers = self.headers
        if disposition == "attachment" or given_name is not None:
            headers["content-disposition"] = content_disposition(disposition, name or None)
        headers["accept-ranges"] = "bytes"
        if self.etag is not None:
            headers["etag"] = self.etag
        if self.last_modified is not None:
            headers["last-modified"] = format_http_date(self.last_modified)


async def _read(source: _Bytes | _OpenFile, parts: list[bytes | slice]) -> AsyncIterator[bytes]:
    # Begins when the answer is sent, after `resolve` has chosen the parts. It doesn't hold the `File`,
    # so that one that is never sent is closed at once and not by the garbage collector.
    try:
        for part in parts:
            if isinstance(part, bytes):
                yield part
                continue
            for start in range(part.start, part.stop, PIECE_SIZE):
                yield await source.read(start, min(PIECE_SIZE, part.stop - start))
    finally:
        source.close()


class _Bytes:
    """A content that is in memory."""

    __slots__ = ("_bytes", "size")

    name = ""
    modified = None

    def __init__(self, content: bytes) -> None:
        self._bytes = content
        self.size = len(content)

    def etag(self) -> str:
        return make_etag(self._bytes)

    async def read(self, start: int, size: int) -> bytes:
        return self._bytes[start : start + size]

    def close(self) -> None:
        """Nothing to close."""


class _OpenFile:
    """An open file of the disk; closed when it was sent, or at the latest when nobody holds it."""

    __slots__ = ("_descriptor", "_stat", "modified", "name", "size")

    def __init__(self, path: str | os.PathLike[str], inside: str | os.PathLike[str] | None) -> None:
        self._descriptor = -1
        self._descriptor = _open(path)
        self._stat = os.fstat(self._descriptor)
        if not stat.S_ISREG(self._stat.st_mode) or (inside is not None and not self._is_inside(path, inside)):
            raise NotFound
        self.name = Path(path).name
        self.size = self._stat.st_size
        self.modified = datetime.fromtimestamp(self._stat.st_mtime, UTC)

    def etag(self) -> str:
        # Date in nanoseconds and size: strong enough that parts of two versions are never joined.
        return f'"{self._stat.st_mtime_ns:x}-{self.size:x}"'

    async def read(self, start: int, size: int) -> bytes:
        data = await run_in_thread(self._read_at, start, size)
        if len(data) < size:
            # Fewer bytes than the head has promised: the answer must break off, not end.
            raise OSError(errno.EIO, "the file became shorter while it was sent", self.name)
        return data

    def _read_at(self, start: int, size: int) -> bytes:
        os.lseek(self._descriptor, start, os.SEEK_SET)
        pieces = []
        while size > 0 and (data := os.read(self._descriptor, size)):
            pieces.append(data)
            size -= len(data)
        return b"".join(pieces)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def _is_inside(self, path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
        """Whether the file that is open now is the one at a real path inside `folder`.

        Looked at after opening and compared by inode, so that a link that is exchanged in between
        gains nothing (CWE-367).
        """
        try:
            real = os.path.realpath(path, strict=True)
            if not Path(real).is_relative_to(os.path.realpath(folder, strict=True)):
                return False
            return os.path.samestat(os.stat(real), self._stat)  # noqa: PTH116 - beside fstat, as its pair
        except OSError:
            return False


def guess_content_type(name: str) -> str:
    """The media type for a file name, with the charset for text; octets where nothing is known."""
    kind = _WEB_TYPES.get(Path(name).suffix.lower())
    if kind is not None:
        return kind
    return _guess_rarer_type("".join(Path(name).suffixes[-2:]))


@lru_cache(maxsize=256)
def _guess_rarer_type(suffixes: str) -> str:
    # Own tables only: what the machine's /etc/mime.types says must not change what a site does.
    kind, encoding = mimetypes.MimeTypes().guess_type(f"file{suffixes}", strict=True)
    if encoding is not None:
        return _COMPRESSED_TYPES.get(encoding, OCTETS)
    if kind is not None and kind.startswith("text/"):
        return f"{kind}; charset=utf-8"
    return kind or OCTETS


def _open(path: str | os.PathLike[str]) -> int:
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


OCTETS: Final = "application/octet-stream"
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
# The same on every Python and system; `mimetypes` differs for these.
_WEB_TYPES: Final[Mapping[str, str]] = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".otf": "font/otf",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml; charset=utf-8",
}
_COMPRESSED_TYPES: Final[Mapping[str, str]] = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip2",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}
