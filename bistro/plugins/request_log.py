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
KNOWN_MAX = 1_024
MAY_LAST = frozenset({101, 499})
"""A WebSocket, and what ended because its client left, such as a stream of events."""
DURATIONS = tuple(f"{number / 1000:.3f}" for number in range(1_000))
"""The texts of durations below a millisecond, by microseconds: formatting a number takes longer."""


@dataclass(frozen=True)
class RequestLog:
    """Log each request as one line, and give it an id.

    The id is what a proxy sent as `X-Request-ID` if that is well-formed, else new; the answer carries
    it too. The `traceparent` of W3C Trace Context gives the field `trace_id`. Paths in `skip` get an
    id but no line. Lines go to `stream`, standard output by default; `LOG_FORMAT=json` makes each a
    JSON object, and a level of `bistro.request` over INFO turns them off.

    A request that takes longer than `slow_seconds` is a warning, `slow request`; those whose path
    begins with one of `may_take_long` are not, nor WebSockets, nor what ends as its client leaves.
    """

    skip: tuple[str, ...] = ("/livez", "/readyz")
    stream: BinaryIO | None = None
    slow_seconds: float | None = 1.0
    may_take_long: tuple[str, ...] = ()

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the hooks; being installed first, they stand around all others."""
        lines = AccessLines(self.stream, LineFormat(self.slow_seconds, self.may_take_long))
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


class AccessLines:
    """Collects the lines of one app; a thread, begun with the first line, writes them."""

    def __init__(self, stream: BinaryIO | None, form: LineFormat) -> None:
        self._from_seconds = 0.0
        self._form = form
        self._writer: BatchedLineWriter[LineTuple] = BatchedLineWriter(form.find_maker(), stream)

    def start(self) -> None:
        """Look at how logging is configured; where nobody did, do it with the defaults."""
        if not logging.getLogger().handlers:
            configure_logging()
        logger = get_logger(LOGGER_NAME)
        if not logger.is_enabled(logging.INFO):
            is_enabled = logger.is_enabled(logging.WARNING)
            self._from_seconds = self._form.slow_seconds if is_enabled else float("inf")

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
            if seconds >= self._from_seconds and path not in skip:
                trace = exchange.find_header(b"traceparent")
                method, client = exchange.method, exchange.client
                append((clock(), status, seconds, method, path, client, request.id, trace, ""))

        return note_request

    def note_refusal(self, status: int, detail: str, client: tuple[str, int] | None) -> None:
        """Have a line written for bytes that the server refused before there was a request."""
        if not self._from_seconds:
            self._writer.append((time.time(), status, 0.0, "", "", client, "", None, detail))


class LineFormat:
    """Writes the lines in the format that logging is configured for.

    Sites answer the same paths again and again, so that most of a line has been written before: JSON
    lines are put together from parts that are kept, in a twentieth of the time that the general way
    takes. A test holds the two to the same lines.
    """

    def __init__(self, slow_seconds: float | None = None, may_take_long: tuple[str, ...] = ()) -> None:
        self._formatter = make_formatter()
        self.slow_seconds = float("inf") if slow_seconds is None else slow_seconds
        self._may_take_long = may_take_long
        self._millisecond = -1
        self._start = ""
        self.known: dict[tuple[str, str, int, str], tuple[str, str]] = {}
        """What stands before and behind the duration, by method, path, status and address."""

    def find_maker(self) -> Callable[[LineTuple], str]:
        """The function for this format."""
        return self.make_json_line if isinstance(self._formatter, JsonFormatter) else self.make_line

    def make_json_line(self, item: LineTuple) -> str:
        """The line as a JSON object."""
        created, status, seconds, method, path, client, request_id, traceparent, reason = item
        parts = self.known.get((method, path, status, client[0] if client else ""))
        if seconds > self.slow_seconds:
            return self.make_line(item)
        if parts is None or reason:
            parts = self._learn(method, path, status, client)
            if parts is None or reason:
                return self.make_line(item)
        millisecond = int(created * 1000)
        if millisecond != self._millisecond:
            self._set_time(millisecond)
        microseconds = int(seconds * 1e6)
        duration = DURATIONS[microseconds] if microseconds < 1000 else f"{seconds * 1000:.3f}"
        if traceparent is not None:
            trace_id = find_trace_id(traceparent)
            if trace_id is not None:
                request_id = f'{request_id}","trace_id":"{trace_id}'
        before, behind = parts
        return f"{self._start}{request_id}{before}{duration}{behind}"

    def _learn(
        self, method: str, path: str, status: int, client: tuple[str, int] | None
    ) -> tuple[str, str] | None:
        """The parts of lines like this one; None if one has a sign to escape or to mask, or is an error's."""
        address = client[0] if client else ""
        if status >= 500 or not _match_plain(f"{method} {path} {address}"):
            return None
        if len(self.known) >= KNOWN_MAX:
            self.known.clear()
        before = f'","method":"{method}","path":"{path}","status":{status},"ms":'
        behind = f',"client":"{address}"}}' if address else "}"
        parts = self.known[method, path, status, address] = before, behind
        return parts

    def _set_time(self, millisecond: int) -> None:
        self._millisecond = millisecond
        second, rest = divmod(millisecond, 1000)
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        self._start = (
            f'{{"ts":"{text}.{rest:03d}Z","level":"info","event":"request",'
            f'"logger":"{LOGGER_NAME}","request_id":"'
        )

    def make_line(self, item: LineTuple) -> str:
        """The line in any format, with everything in it masked and escaped."""
        line = AccessLine(*item)
        is_slow = self._is_slow(line)
        level = "ERROR" if line.status >= 500 else "WARNING" if is_slow else "INFO"
        event = "slow request" if is_slow else "request"
        return self._formatter.format_event(line.created, level, event, LOGGER_NAME, _fields_of(line))

    def _is_slow(self, line: AccessLine) -> bool:
        return (
            line.seconds > self.slow_seconds
            and line.status not in MAY_LAST
            and not line.path.startswith(self._may_take_long)
        )


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
_match_plain = re.compile(r"[A-Z]{1,16} /[A-Za-z0-9/._~%+,;!$&()*@-]{0,1023} [0-9a-fA-F.:]{0,45}\Z").match
# Version ff and a trace id of zeros are invalid; later versions may have more behind the flags.
_match_traceparent = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{0,200})?\Z"
).match
