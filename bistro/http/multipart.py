"""Forms with files: `multipart/form-data` (RFC 7578), read in pieces and bounded in every direction.

How it works: the `multipart` package cuts the stream into parts without touching a socket or a file;
this module decides what a part is, counts, and puts fields into memory and files into a `Spool`.
What RFC 7578 deprecates, and what only attackers use, is refused or ignored: transfer encodings
(§4.7), extended names (§4.2, CVE-2026-53537), other charsets than UTF-8, a header given twice.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from bistro.ground.multidict import MultiDict
from bistro.http.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from bistro.http.forms import decode_utf8, parse_content_type, require_utf8
from bistro.http.parameters import parse_parameters
from bistro.http.uploads import Spool, Upload


class FormLimits(Struct, frozen=True):
    """What a form may hold; sizes in bytes. The size of the whole body is the exchange's matter."""

    fields_max: int = 1000
    """Fields of a URL-encoded form, which the request reads."""
    parts_max: int = 100
    """Fields and files of a multipart form together."""
    part_header_size_max: int = 8 * 1024
    """Headers of one part together."""
    field_size_max: int = 1024 * 1024
    """One field without a file name; it is kept in memory."""
    file_size_max: int | None = None
    """One file; None leaves it to the limit of the body."""
    spool_size_max: int = 256 * 1024
    """How much of one file is kept in memory before it goes to a temporary file."""


class FormData(Struct, frozen=True):
    """The fields and the files of a form, each in the order sent. `close` ends the files."""

    fields: MultiDict[str] = field(default_factory=MultiDict)
    files: MultiDict[Upload] = field(default_factory=MultiDict)

    def close(self) -> None:
        """Give back memory and temporary files; the app does so when the answer is sent."""
        for _, upload in self.files.multi_items():
            upload.close()


async def parse_multipart(
    stream: AsyncIterator[bytes], content_type: str, limits: FormLimits | None = None
) -> FormData:
    """The form in `stream`; the caller closes what it gives (`FormData.close`).

    Raises `UnsupportedMediaType` if `content_type` isn't multipart/form-data, `BadRequest` for a
    malformed or truncated body, `ContentTooLarge` beyond a limit, and whatever the stream raises.
    In each case nothing stays open.
    """
    # Imported late: it takes longer than all of bistro.http, and few requests need it.
    from multipart import MultipartError, PushMultipartParser

    boundary, limits = _boundary_of(content_type), limits or FormLimits()
    parser = PushMultipartParser(
        boundary,
        max_header_size=limits.part_header_size_max,
        max_header_count=_PART_HEADERS_MAX,
        # One more than allowed: the reader counts as well, and its message is the better one. So is
        # what it says of sizes; to the parser, too large a part is a malformed form.
        max_segment_count=limits.parts_max + 1,
        max_segment_size=_NO_LIMIT,
    )
    reader = _FormReader(limits)
    try:
        async for chunk in stream:
            for piece in _pieces_of(chunk):
                for event in parser.parse(piece):
                    await reader.take(event)
        parser.close()
        return reader.form()
    except MultipartError as error:
        reader.close()
        raise BadRequest(f"The multipart form is malformed: {error}.") from error
    except BaseException:
        reader.close()
        raise


class _Part(Struct, frozen=True):
    """The head of one part; `file_name` is None for a field."""

    name: str
    file_name: str | None
    content_type: str
    headers: Mapping[str, str]


class _FormReader:
    """Takes the events of the parser and makes a form of them."""

    def __init__(self, limits: FormLimits) -> None:
        self._limits = limits
        self._fields: list[tuple[str, str]] = []
        self._files: list[tuple[str, Upload]] = []
        self._parts_count = 0
        self._part: _Part | None = None
        self._data = bytearray()
        self._spool: Spool | None = None

    # Any: a MultipartSegment begins a part, bytes are its content, None ends it; the package that
    # tells them apart is imported late.
    async def take(self, event: Any) -> None:
        if event is None:
            await self._end_part()
        elif isinstance(event, (bytes, bytearray)):
            await self._add(event)
        else:
            self._begin_part(event.headerlist)

    def form(self) -> FormData:
        return FormData(MultiDict(self._fields), MultiDict(self._files))

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
        for _, upload in self._files:
            upload.close()

    def _begin_part(self, headers: list[tuple[str, str]]) -> None:
        self._parts_count += 1
        if self._parts_count > self._limits.parts_max:
            raise ContentTooLarge(f"The form has more than {self._limits.parts_max} parts.")
        if sum(len(name) + len(value) for name, value in headers) > self._limits.part_header_size_max:
            raise BadRequest(f"The headers of a part are over {self._limits.part_header_size_max} bytes.")
        self._part = _read_head(headers)
        if self._part.file_name is None:
            self._data = bytearray()
        else:
            self._spool = Spool(self._limits.spool_size_max)

    async def _add(self, chunk: bytes | bytearray) -> None:
        if self._spool is None:
            if len(self._data) + len(chunk) > self._limits.field_size_max:
                raise ContentTooLarge(f"A field of the form is over {self._limits.field_size_max} bytes.")
            self._data += chunk
        else:
            file_size_max = self._limits.file_size_max
            if file_size_max is not None and self._spool.size + len(chunk) > file_size_max:
                raise ContentTooLarge(f"A file of the form is over {file_size_max} bytes.")
            await self._spool.write(chunk)

    async def _end_part(self) -> None:
        part, spool = self._part, self._spool
        assert part is not None  # the parser ends no part that it didn't begin
        if spool is None:
            self._fields.append((part.name, decode_utf8(bytes(self._data), "form")))
        elif part.file_name or spool.size:
            file = await spool.finish()
            upload = Upload(
                part.file_name or "",
                file,
                size=spool.size,
                content_type=part.content_type,
                headers=part.headers,
            )
            self._files.append((part.name, upload))
        # Otherwise a file field in which nothing was chosen: browsers send an empty name and no
        # content (HTML, "constructing the entry list"), and leaving it out makes it "missing".
        self._part = self._spool = None


def _boundary_of(content_type: str) -> str:
    media_type, parameters = parse_content_type(content_type)
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType("Send the form as multipart/form-data.")
    require_utf8(parameters.get("charset"))
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadRequest("The Content-Type has no valid boundary.")
    return boundary


def _pieces_of(chunk: bytes) -> Iterator[bytes]:
    """`chunk` in pieces that take little memory and time each; an empty one would end the parser."""
    if 0 < len(chunk) <= _PIECE_SIZE_MAX:
        yield chunk
        return
    for start in range(0, len(chunk), _PIECE_SIZE_MAX):
        yield chunk[start : start + _PIECE_SIZE_MAX]


def _read_head(pairs: list[tuple[str, str]]) -> _Part:
    headers = {name.lower(): value for name, value in pairs}
    if len(headers) < len(pairs):
        raise BadRequest("A part of the form has the same header twice.")
    if headers.get("content-transfer-encoding", "binary").strip().lower() not in _PLAIN_ENCODINGS:
        raise BadRequest("A part of the form has a Content-Transfer-Encoding; send the bytes as they are.")
    parsed = parse_parameters(headers.get("content-disposition", ""), keep_backslashes=True)
    if parsed is None or parsed[0].lower() != "form-data" or "name" not in parsed[1]:
        raise BadRequest("A part of the form has no valid Content-Disposition.")
    parameters = parsed[1]
    file_name = parameters.get("filename")
    return _Part(
        _decode_name(parameters["name"]),
        None if file_name is None else _decode_name(file_name),
        _media_type_of(headers.get("content-type"), is_field=file_name is None),
        headers,
    )


def _media_type_of(content_type: str | None, *, is_field: bool) -> str:
    if is_field:
        media_type, parameters = parse_content_type(content_type or "text/plain")
        require_utf8(parameters.get("charset"))
        return media_type
    # The kind of a file is only a claim, so a malformed one is no reason to refuse the file.
    try:
        return parse_content_type(content_type or "")[0]
    except BadRequest:
        return "application/octet-stream"


def _decode_name(text: str) -> str:
    # Browsers encode exactly these three (HTML, "multipart/form-data encoding algorithm").
    if "%" not in text:
        return text
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


_PART_HEADERS_MAX: Final = 8
_PIECE_SIZE_MAX: Final = 256 * 1024
_NO_LIMIT: Final = 2**63
_PLAIN_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})
# RFC 2046 §5.1.1: at most 70 characters, no blank at the end.
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
