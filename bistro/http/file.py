"""Files as answers: types, names, conditions and ranges.

How it works: the file is opened where the `File` is made (`file_content.py`). What is sent of it
(all, some ranges, nothing) is decided by `resolve`, which the app calls when it sends, because only
then all headers are known.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from bistro.http.conditional import evaluate_preconditions, is_range_current
from bistro.http.content_disposition import content_disposition
from bistro.http.dates import format_http_date
from bistro.http.errors import RangeNotSatisfiable
from bistro.http.file_content import BytesSource, FileContent, OpenFile
from bistro.http.media_types import OCTETS, guess_content_type
from bistro.http.ranges import byteranges_length, byteranges_pieces, content_range, parse_range
from bistro.http.response import Stream

FindHeader: TypeAlias = Callable[[str], str | None]


class File(Stream):
    """A file of the disk, or bytes as if they were one; `HEAD`, conditions and ranges need no work.

    Raises `NotFound` where there is no such file, it isn't a plain one (a folder, a device), it may
    not be read, or it lies outside of the folder `inside`, also by a symbolic link: give that wherever
    a part of the path comes from a request. The file is opened, and a small one read, here and now;
    where the disk may be slow, make the answer in a `def` handler, which runs in a thread.

    `file_name` is what a download is saved as; `attachment` makes browsers save instead of show.
    `content_type` follows from the name. `etag` and `last_modified` follow from the file unless
    given; False leaves them out. `cache()` says who may keep it; without it, clients guess.
    """

    __slots__ = ("_content", "_parts", "etag", "last_modified", "size")

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
        source = BytesSource(content) if isinstance(content, bytes) else OpenFile(content, inside)
        name = file_name if file_name is not None else source.name
        pieces = FileContent(source)
        super().__init__(
            pieces,
            status=status,
            content_type=content_type or guess_content_type(name),
            length=source.size,
        )
        self._content = pieces
        self._parts = pieces.parts
        self.size: int = source.size
        """In bytes, also where less is sent."""
        self.etag: str | None = source.etag() if etag is None else etag or None
        self.last_modified: datetime | None = (
            source.modified if last_modified is None else last_modified or None
        )
        self._describe(file_name, name, disposition)
        for header, value in (headers or {}).items():
            self.headers[header] = value

    @property
    def content(self) -> bytes | None:
        """All of it, where it is in memory, as that of a small file is."""
        return self._content.content

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
        for name in ("content-type", "content-disposition", "content-encoding", "accept-ranges"):
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
