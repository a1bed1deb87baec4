"""One line for each request, whatever becomes of it, and an id that joins it to all other lines.

How it works: the request's side only appends a tuple; a thread makes lines of them and writes these
in batches, so that a slow disk or terminal delays no answer. The id stands in the answer, in the
access line, and (by the context of the request) in every line that is logged on the request's behalf.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import BinaryIO, ClassVar, NamedTuple, TypeAlias

from bistro.app import Setup
from bistro.ground import (
    BatchedLineWriter,
    JsonFormatter,
    configure_logging,
    get_logger,
    make_formatter,
    request_log_fields,
)
from bistro.http import Request

LOGGER_NAME = "bistro.request"
PLAIN_MAX = 1_024


@dataclass(frozen=True)
class RequestLog:
    """Log each request as one line, and give it an id.

    The id is what a proxy sent as `X-Request-ID` if that is well-formed, else new; the answer carries
    it too. The `traceparent` of W3C Trace Context gives the field `trace_id`. Paths in `skip` get an
    id but no line. Lines go to `stream`, standard output by default; `LOG_FORMAT=json` makes each a
    JSON object, and a level of `bistro.request` over INFO turns them off.
    """

    skip: tuple[str, ...] = ("/livez", "/readyz")
    stream: BinaryIO | None = None

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the hooks; being installed first, they stand around all others."""
        lines = AccessLines(self.stream)
        setup.before(begin_log)
        setup.headers({"x-request-id": attrgetter("id")})
        setup.observe(lines.make_observer(frozenset(self.skip)))
        setup.observe_refusal(lines.note_refusal)
        setup.on_start(lines.start)
        setup.on_stop(lines.stop)


def begin_log(request: Request) -> None:
    """Give every log line of this request its fields."""
    # Set and never reset: each request runs in a context of its own, which ends with it.
    request_log_fields.set(RequestFields(request))


class RequestFields(Mapping[str, object]):
    """The log fields of a request, made when a line is really written, which is seldom."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getitem__(self, name: str) -> object:
        return self._fields()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def _fields(self) -> dict[str, object]:
        trace_id = find_trace_id(self._request.exchange.find_header(b"traceparent"))
        fields: dict[str, object] = {"request_id": self._request.id}
        return fields if trace_id is None else {**fields, "trace_id": trace_id}


def find_trace_id(traceparent: bytes | None) -> str | None:
    """The trace id of a `traceparent` header (W3C Trace Context §3.2.2); None if it is not well-formed."""
    match = _match_traceparent(traceparent) if traceparent else None
    return match[1].decode("ascii") if match else None


class AccessLine(NamedTuple):
    """What is kept of a request until its line is written: plain values, not the request itself.

    A request may hold a body of megabytes, which must not wait in a queue.
    """

    created: float
    status: int
    seconds: float
    method: str
    path: str
    client: tuple[str, int] | None
    request_id: str
    traceparent: bytes | None
    reason: str


# The same as a plain tuple, which is made in half the time.
LineTuple: TypeAlias = tuple[float, int, float, str, str, tuple[str, int] | None, str, bytes | None, str]


LineKey: TypeAlias = tuple[str, str, int, str]
LineParts: TypeAlias = tuple[str, str, str]
KNOWN_MAX = 512


class AccessLines:
    """Collects the lines of one app; a thread, begun with the first line, writes them."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._is_wanted = True
        self._writer: BatchedLineWriter[LineTuple] = BatchedLineWriter(LineFormat().find_maker(), stream)

    def start(self) -> None:
        """Look at how logging is configured; where nobody did, do it with the defaults."""
        if not logging.getLogger().handlers:
            configure_logging()
        self._is_wanted = get_logger(LOGGER_NAME).is_enabled(logging.INFO)

    def stop(self) -> None:
        """Write what waits; every answer has been sent by now, so that blocking delays nobody."""
        self._writer.close()

    def make_observer(self, skip: frozenset[str]) -> Callable[[Request, int, float], None]:
        """A function that has the line of an answered request written soon."""
        append, clock = self._writer.append, time.time

        # A closure that appends a plain tuple, in the order of AccessLine: it runs for every request.
        def note_request(request: Request, status: int, seconds: float) -> None:
            exchange = request.exchange
            path = exchange.raw_path
            if path not in skip and self._is_wanted:
                trace = exchange.find_header(b"traceparent")
                method, client = exchange.method, exchange.client
                append((clock(), status, seconds, method, path, client, request.id, trace, ""))

        return note_request

    def note_refusal(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        """Have a line written for bytes that the server refused before there was a request."""
        if self._is_wanted:
            self._writer.append((time.time(), status, 0.0, "", "", client, "", None, detail))


class LineFormat:
    """Writes the lines in the format that logging is configured for.

    Most are written in one go, in a tenth of the time that the general way takes; a test holds the two
    to the same fields. What has a sign that would have to be escaped or masked goes the general way.
    """

    def __init__(self) -> None:
        self._formatter = make_formatter()
        self._second = -1
        self._second_text = ""
        self._plain: set[str] = set()

    def find_maker(self) -> Callable[[LineTuple], str]:
        """The function for this format."""
        return self.make_json_line if isinstance(self._formatter, JsonFormatter) else self.make_line

    def make_json_line(self, item: LineTuple) -> str:
        """The line as a JSON object."""
        created, status, seconds, method, path, client, request_id, traceparent, reason = item
        address = client[0] if client else ""
        plain = self._plain
        is_known = method in plain and path in plain and address in plain
        if traceparent is not None or reason or not (is_known or self._are_plain(method, path, address)):
            return self.make_line(item)
        second = int(created)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        level = "error" if status >= 500 else "info"
        return (
            f'{{"ts":"{self._second_text}.{int((created - second) * 1000):03d}Z","level":"{level}",'
            f'"event":"request","logger":"bistro.request","request_id":"{request_id}","method":"{method}",'
            f'"path":"{path}","status":{status},"ms":{seconds * 1000:.3f},"client":"{address}"}}'
        )

    def _are_plain(self, method: str, path: str, address: str) -> bool:
        """Whether none of them has a sign to escape or to mask; that they are plain is kept, bounded."""
        if not _match_plain(f"{method} {path} {address}"):
            return False
        if len(self._plain) >= PLAIN_MAX:
            self._plain.clear()
        self._plain.update((method, path, address))
        return True

    def make_line(self, item: LineTuple) -> str:
        """The line in any format, with everything in it masked and escaped."""
        line = AccessLine(*item)
        level = "ERROR" if line.status >= 500 else "INFO"
        return self._formatter.format_event(line.created, level, "request", LOGGER_NAME, _fields_of(line))


def _fields_of(line: AccessLine) -> dict[str, object]:
    fields: dict[str, object] = {
        "request_id": line.request_id,
        "trace_id": find_trace_id(line.traceparent),
        "method": line.method,
        "path": line.path,
        "status": line.status,
        "ms": round(line.seconds * 1000, 3),
        "client": line.client[0] if line.client else None,
        "reason": line.reason,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


# Nothing in it ends a JSON text, and nothing that could hold a secret: those stand behind = or :.
_match_plain = re.compile(r"[A-Z]{1,16} /[A-Za-z0-9/._~%+,;!$&()*@-]{0,1023} [0-9a-fA-F.:]{2,45}\Z").match
# Version ff and a trace id of zeros are invalid; later versions may have more behind the flags.
_match_traceparent = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{0,200})?\Z"
).match
