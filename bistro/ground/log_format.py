"""How a log line looks: coloured text for people, one JSON object a line for machines.

Both mask what is sensitive and escape control characters in everything that they print, whoever
logged it (ASVS 16.2.5, 16.4.1; CVE-2025-48432): text from a client can neither begin a line of its
own nor speak to the terminal. Only the lines of a traceback stay lines, each set in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import msgspec

from bistro.ground.log_fields import request_log_fields
from bistro.ground.redaction import CUT, clean_text, redact, redact_argument, redact_arguments, redact_text
from bistro.ground.text import escape_control_characters

FIELDS_ATTRIBUTE = "bistro_fields"
"""The attribute of a LogRecord that holds the fields given to a `Logger`'s method."""

_EXCEPTION_LENGTH_MAX = 65_536


class EventFormat(Protocol):
    """Writes one event as one line of text, without the line's end."""

    def format_event(
        self, created: float, level: str, event: str, logger: str, fields: Mapping[str, object]
    ) -> str:
        """The line for `event`, made at `created` (seconds since 1970); `fields` are redacted here."""
        ...


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts, level, event, logger, request_id, trace_id, then the other fields."""

    def __init__(self) -> None:
        super().__init__()
        self._clock_text = _SecondText(utc_second_text)

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, with the request's fields and those of the call."""
        exception = find_exception_text(self, record)
        fields = fields_of(record)
        message = message_of(record)
        return self._line(record.created, record.levelname, message, record.name, fields, exception)

    def format_event(
        self, created: float, level: str, event: str, logger: str, fields: Mapping[str, object]
    ) -> str:
        """The line of an event that was never a LogRecord."""
        return self._line(created, level, event, logger, fields, None)

    def _line(
        self,
        created: float,
        level: str,
        event: str,
        logger: str,
        fields: Mapping[str, object],
        exception: str | None,
    ) -> str:
        given = redact(fields)
        line: dict[str, Any] = {  # Any: JSON
            "ts": f"{self._clock_text.of(created)}Z",
            "level": level.lower(),
            "event": clean_text(event),
            "logger": clean_text(logger),
        }
        for name in ("request_id", "trace_id"):
            if name in given:
                line[name] = given.pop(name)
        for name, value in given.items():
            line[f"{name}_" if name in _OWN_FIELDS else name] = value
        if exception is not None:
            line["exception"] = exception
        return msgspec.json.encode(line).decode()


class ConsoleFormatter(logging.Formatter):
    """`12:30:59.123 INFO     order.paid  amount=12 user=ada  shop.orders`, the time in local time."""

    def __init__(self, *, colours: bool = False) -> None:
        super().__init__()
        self._colours = colours
        self._clock_text = _SecondText(local_second_text)

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, and below it the traceback where there is one."""
        line = self.format_event(
            record.created, record.levelname, message_of(record), record.name, fields_of(record)
        )
        exception = find_exception_text(self, record)
        if exception is None:
            return line
        # Set in, so that no line of it can pass for a log line of its own.
        return "\n".join([line, *(f"    {text}" for text in exception.split("\n"))])

    def format_event(
        self, created: float, level: str, event: str, logger: str, fields: Mapping[str, object]
    ) -> str:
        """The line of an event; each text of `fields` is quoted where it holds blanks or `=`."""
        parts = [
            self._paint("dim", self._clock_text.of(created)),
            self._paint(level, f"{level:<8}"),
            self._paint("bold", clean_text(event)),
        ]
        for name, value in redact(fields).items():
            parts.append(f"{self._paint('name', name)}={_console_value(value)}")
        parts.append(self._paint("dim", clean_text(logger)))
        return " ".join(parts)

    def _paint(self, style: str, text: str) -> str:
        code = _COLOURS.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours and code else text


_OWN_FIELDS = frozenset(["ts", "level", "event", "logger", "request_id", "trace_id", "exception"])

_COLOURS = {
    "dim": "2",
    "bold": "1",
    "name": "36",
    "DEBUG": "34",
    "INFO": "32",
    "WARNING": "33",
    "ERROR": "31",
    "CRITICAL": "1;31",
}

# What every LogRecord has; anything else was given as `extra` and is a field.
_RECORD_ATTRIBUTES = frozenset(
    [*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", FIELDS_ATTRIBUTE]
)


class _SecondText:
    """The text of a time with its milliseconds; that of the second is kept, as many lines share it."""

    __slots__ = ("_last", "_write")

    def __init__(self, write: Callable[[int], str]) -> None:
        self._write = write
        self._last = (0, write(0))

    def of(self, created: float) -> str:
        milliseconds = int(created * 1000)
        second = milliseconds // 1000
        # One tuple, so that another thread never sees the second of one and the text of another.
        last = self._last
        if last[0] != second:
            last = self._last = (second, self._write(second))
        return f"{last[1]}.{milliseconds % 1000:03d}"


def utc_second_text(second: int) -> str:
    """RFC 3339 without fraction and zone: `2026-11-22T08:00:00`."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def local_second_text(second: int) -> str:
    """The time of day where the reader sits: `09:00:00`."""
    return datetime.fromtimestamp(second).strftime("%H:%M:%S")


def message_of(record: logging.LogRecord) -> str:
    """The record's text with its `%` arguments filled in and redacted; never raises."""
    try:
        text = record.msg if isinstance(record.msg, str) else str(redact_argument(record.msg))
        return str(text % redact_arguments(record.args)) if record.args else text
    except Exception:  # noqa: BLE001 - wrong or broken arguments must not lose the line
        return f"{redact(record.msg)} {redact(record.args)}"


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The request's fields, then those of the call (`extra` of the standard library, or a Logger's)."""
    fields: dict[str, object] = dict(request_log_fields.get() or ())
    fields.update(item for item in vars(record).items() if item[0] not in _RECORD_ATTRIBUTES)
    fields.update(getattr(record, FIELDS_ATTRIBUTE, None) or ())
    return fields


def find_exception_text(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    """The record's traceback and stack as lines, masked and escaped; None where there is neither."""
    texts = []
    if record.exc_info and record.exc_info[1] is not None:
        texts.append(_traceback_text(formatter, record.exc_info))
    elif record.exc_text:
        texts.append(record.exc_text)
    if record.stack_info:
        texts.append(formatter.formatStack(record.stack_info))
    return clean_lines("\n".join(texts)) if texts else None


def clean_lines(text: str) -> str:
    """`text` masked and escaped line by line, cut in the middle where it is very long."""
    if len(text) > _EXCEPTION_LENGTH_MAX:
        half = _EXCEPTION_LENGTH_MAX // 2
        text = f"{text[:half]}\n{CUT}\n{text[-half:]}"
    return "\n".join(escape_control_characters(line) for line in redact_text(text).split("\n"))


# Any: the shape in which `logging` keeps what sys.exc_info() gives.
def _traceback_text(formatter: logging.Formatter, exc_info: Any) -> str:
    try:
        return formatter.formatException(exc_info)
    except Exception:  # noqa: BLE001 - the error's own __str__ may fail
        return f"{type(exc_info[1]).__qualname__} (its text could not be made)"


def _console_value(value: object) -> str:
    if isinstance(value, str) and value and not any(sign in value for sign in ' ="'):
        return value
    return msgspec.json.encode(value).decode()


def wants_colours(stream: TextIO | None, env: Mapping[str, str]) -> bool:
    """Whether to colour: `NO_COLOR` says no, `FORCE_COLOR` yes, else a terminal that is not `dumb`."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and env.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads `stream` (standard output where it is None)."""
    try:
        return (stream or sys.stdout).isatty()
    except (AttributeError, ValueError):
        # Standard output is None under pythonw, or has been closed.
        return False
