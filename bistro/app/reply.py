"""From what a handler returned to the answer that is sent."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any  # Any: a handler returns what it likes; what a coroutine yields is asyncio's own.

from bistro.app.streaming import send_stream
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http import DefaultHeaders, File, Headers, Request, Response, Stream
from bistro.http.file_content import FileContent
from bistro.http.response import HTML_BLOCK, JSON_BLOCK, TEXT_BLOCK
from bistro.validation import ENCODING_REFUSALS, EncodingError, OutputMismatch, encode_json, explain_encoding

TEXT_STREAM = "text/plain; charset=utf-8"
BYTES_BLOCK = b"content-type: application/octet-stream\r\n"
_logger = logging.getLogger("bistro.app")


def response_maker(
    status: int,
    narrow: Callable[[Any], Any] | None = None,
    narrow_item: Callable[[Any], Any] | None = None,
    origin: Origin | None = None,
) -> Callable[[Any], Response]:
    """A function that turns a result into a response with `status` where the result has none itself.

    `Response` stays itself, `str` is text/plain, `bytes` are octets, None is 204, generators are
    streamed, everything else is JSON, with the fields of the declared type only (`narrow`; for the
    values of a stream, `narrow_item`).
    Raises `EncodingError` for what can't be, and `OutputMismatch` for what is not of the declared type or
    was not awaited; both name the handler's `origin`.
    """

    def encode_item(value: Any) -> bytes:
        return encode_json(value if narrow_item is None else narrow_item(value))

    def make_response(result: Any) -> Response:
        if isinstance(result, Response):
            result.encode_with(encode_item)
            return result
        if type(result) is str:
            return Response.prepared(status, TEXT_BLOCK, result.encode())
        if result is None:
            return Response.prepared(204 if status == 200 else status, b"", b"")
        try:
            return _make_rarer(result, status, narrow)
        except (OutputMismatch, EncodingError) as error:
            if origin is not None:
                error.where = (origin,)
            raise

    return make_response


def _make_rarer(result: Any, status: int, narrow: Callable[[Any], Any] | None) -> Response:
    if hasattr(type(result), "__html__"):
        return Response.prepared(status, HTML_BLOCK, result.__html__().encode())
    if isinstance(result, (bytes, bytearray, memoryview)):
        return Response.prepared(status, BYTES_BLOCK, bytes(result))
    if isinstance(result, (AsyncGenerator, AsyncIterator, Generator, Iterator)):
        return Stream(result, status=status, content_type=TEXT_STREAM)
    if isinstance(result, Awaitable):
        raise _not_awaited(result)
    if narrow is not None:
        result = narrow(result)
    try:
        return Response.prepared(status, JSON_BLOCK, encode_json(result))
    except ENCODING_REFUSALS as error:
        raise explain_encoding(result, error) from error


def _not_awaited(result: Any) -> OutputMismatch:
    """The error for a coroutine or a query that was returned as it is."""
    if isinstance(result, Coroutine):
        result.close()  # Python would complain about it, too, at a place that nobody knows
        what = (
            f"what {result.__qualname__}(…) would give" if hasattr(result, "__qualname__") else "a coroutine"
        )
    else:
        what = f"a {type(result).__name__}"
    return OutputMismatch(
        f"the handler returned {what} without having awaited it",
        fix="Write `return await …` in an `async def` handler, `return sync(…)` of bistro.db in a `def` one.",
    )


def send(
    exchange: Exchange, response: Response, defaults: DefaultHeaders, request: Request | None
) -> Coroutine[Any, Any, BaseException | None] | None:
    """Send `response`; what comes back is to be awaited where it is a stream, and gives what broke it.

    `request` may be None where no default header is made from it.
    """
    try:
        if isinstance(response, File):
            response.resolve(exchange.method, Headers(exchange.header_items()).find_joined)
        head = response.header_block(defaults, request)
    except Exception:
        # A function of the site that makes a header has failed, where no hook can see it any more.
        _logger.exception("the headers of an answer can't be made: %s", exchange.raw_path)
        exchange.send(500, b"", b"")
        return None
    if not isinstance(response, Stream):
        exchange.send(response.status, head, response.body)
        return None
    pieces = response.pieces
    if isinstance(pieces, FileContent) and (whole := pieces.take_whole()) is not None:
        exchange.send(response.status, head, whole)
        return None
    return send_stream(exchange, response, head)
