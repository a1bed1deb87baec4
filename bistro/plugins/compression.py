"""Compress answers on their way out: zstd, br or gzip, whichever the client likes best."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar  # Any: pieces of a stream are whatever its kind can encode

from bistro.app import Setup
from bistro.ground import SetupError, did_you_mean, run_in_thread
from bistro.http import (
    Compressor,
    File,
    Request,
    Response,
    Stream,
    choose_encoding,
    compress,
    find_codings,
    is_compressible,
    make_compressor,
)

KNOWN = ("zstd", "br", "gzip")
IN_PLACE_SIZE_MAX = 32 * 1024
"""More than this is compressed in a thread: it would hold the event loop for milliseconds."""


class CompressionError(SetupError):
    """A content coding that can't be made.

    If you see this: the coding is misspelt, or its package is not installed:
    `pip install 'bistro[compression]'` brings br and zstd; gzip is always there.
    """

    code = "B318"


@dataclass(frozen=True)
class Compression:
    """Compress texts, JSON and the like of at least `size_min` bytes, and streams piece by piece.

    `codings` are tried in their order where a client likes several equally; by default zstd, br and
    gzip, as far as they are installed. Left alone are files, event streams, what is encoded already
    or says `no-transform`, and what an attacker could guess secrets from by its size (BREACH): answers
    that set a cookie or are `private` or `no-store`, and pages for whoever sends cookies or
    credentials. `private=True` compresses those too.
    """

    codings: Sequence[str] | None = None
    size_min: int = 1024
    private: bool = False

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Look at every answer. Raises `CompressionError`."""
        codings = find_codings() if self.codings is None else check_codings(self.codings)
        setup.after(AnswerCompressor(tuple(codings), self.size_min, private=self.private).compress)


def check_codings(codings: Sequence[str]) -> Sequence[str]:
    """Return `codings` if each can be made. Raises `CompressionError`."""
    for coding in codings:
        if coding not in KNOWN:
            near = did_you_mean(coding, KNOWN)
            fix = f"Did you mean {near}?" if near else f"There are {', '.join(KNOWN)}."
            raise CompressionError(f"there is no content coding {coding!r}", fix=fix)
        if coding not in find_codings():
            fix = "Install its package: pip install 'bistro[compression]'."
            raise CompressionError(f"the content coding {coding} is not installed", fix=fix)
    return codings


class AnswerCompressor:
    """Compresses the answers of one site."""

    def __init__(self, codings: tuple[str, ...], size_min: int, *, private: bool) -> None:
        self._codings = codings
        self._size_min = size_min
        self._private = private
        self._choose = lru_cache(maxsize=256)(self._choose_coding)

    async def compress(self, request: Request, response: Response) -> Response | None:
        """Compress `response` where that is allowed and worth it."""
        if response.status == 304:
            mark_known_as_weak(request, response)
            return None
        if not self._may_compress(request, response):
            return None
        response.vary("accept-encoding")
        coding = self._choose(request.headers.find_joined("accept-encoding"))
        if coding is None:
            return None
        if isinstance(response, Stream):
            return compress_stream(response, coding)
        body = response.body
        if len(body) > IN_PLACE_SIZE_MAX:
            compressed = await run_in_thread(compress, body, coding)
        else:
            compressed = compress(body, coding)
        if len(compressed) < len(body):
            response.body = compressed
            mark_as_compressed(response, coding)
        return None

    def _may_compress(self, request: Request, response: Response) -> bool:
        if not response.is_stream and len(response.body) < self._size_min:
            return False
        # 206 is a part of something, and 204 has nothing. Files have parts, and tags for them.
        if isinstance(response, File) or response.status in (204, 206):
            return False
        headers = response.headers
        content_type = _lowered(response, "content-type")
        if not is_compressible(content_type) or content_type.startswith("text/event-stream"):
            return False
        if "content-encoding" in headers or "no-transform" in _lowered(response, "cache-control"):
            return False
        return self._private or not is_private(request, response)

    def _choose_coding(self, accepted: str | None) -> str | None:
        return choose_encoding(accepted, self._codings)


def is_private(request: Request, response: Response) -> bool:
    """Whether an answer may hold a secret beside what the request's sender chose (CVE-2013-3587).

    Whoever can make a browser send requests, and sees the sizes of answers, then learns the secret
    letter by letter: the answer is smaller where a guess repeats what stands in it.
    """
    caching = _lowered(response, "cache-control")
    if "set-cookie" in response.headers or "private" in caching or "no-store" in caching:
        return True
    if not _lowered(response, "content-type").startswith(("text/html", "application/xhtml+xml")):
        return False
    find_header = request.exchange.find_header
    return find_header(b"cookie") is not None or find_header(b"authorization") is not None


def _lowered(response: Response, name: str) -> str:
    """All values of a header in lower case: media types and directives may be written in any."""
    return ",".join(response.headers.get_all(name)).lower()


def mark_as_compressed(response: Response, coding: str) -> None:
    """Say that the content is in `coding`, and no longer byte for byte what it was."""
    headers = response.headers
    headers["content-encoding"] = coding
    headers.remove("accept-ranges")
    etag = headers.get("etag", "")
    if etag.startswith('"'):  # RFC 9110 §8.8.3.3: a strong tag is for one form only
        headers["etag"] = f"W/{etag}"


def mark_known_as_weak(request: Request, response: Response) -> None:
    """Give a 304 the tag that the client has, which is a weak one if it got the answer compressed."""
    etag = response.headers.get("etag", "")
    if etag.startswith('"') and f"W/{etag}" in (request.headers.find_joined("if-none-match") or ""):
        response.headers["etag"] = f"W/{etag}"
        response.vary("accept-encoding")


def compress_stream(stream: Stream, coding: str) -> Stream:
    """The same stream, each of its pieces compressed so that the client can read it at once."""
    kind = AsyncPieces if isinstance(stream.pieces, (AsyncIterable, list, tuple)) else SyncPieces
    answer = Stream(kind(stream, make_compressor(coding)), status=stream.status)
    for name in list(answer.headers):
        answer.headers.remove(name)
    for name, value in stream.headers.multi_items():
        answer.headers.add(name, value)
    mark_as_compressed(answer, coding)
    return answer


class AsyncPieces:
    """The compressed pieces of a stream that is made in the event loop."""

    def __init__(self, stream: Stream, compressor: Compressor) -> None:
        self._pieces: Any = stream.pieces
        self._encode: Callable[[Any], bytes] = stream.encode_piece
        self._compressor = compressor

    async def __aiter__(self) -> AsyncIterator[bytes]:
        add = self._compressor.add
        async for piece in self._all():
            data = self._encode(piece)
            if data:
                yield add(data) if len(data) <= IN_PLACE_SIZE_MAX else await run_in_thread(add, data)
        yield self._compressor.finish()

    async def aclose(self) -> None:
        """Run the clean-up code of a generator that was not read to its end."""
        if hasattr(self._pieces, "aclose"):
            await self._pieces.aclose()

    async def _all(self) -> AsyncIterator[Any]:
        if isinstance(self._pieces, AsyncIterable):
            async for piece in self._pieces:
                yield piece
        else:
            for piece in self._pieces:
                yield piece


class SyncPieces:
    """The compressed pieces of a stream that is made, and so compressed too, in threads."""

    def __init__(self, stream: Stream, compressor: Compressor) -> None:
        self._pieces: Any = stream.pieces
        self._encode: Callable[[Any], bytes] = stream.encode_piece
        self._compressor = compressor

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            data = self._encode(piece)
            if data:
                yield self._compressor.add(data)
        yield self._compressor.finish()

    def close(self) -> None:
        """The same, for a plain generator."""
        if hasattr(self._pieces, "close"):
            self._pieces.close()
