"""Log events with fields, over the standard library's `logging`: text in a terminal, JSON lines elsewhere.

    log = get_logger(__name__)
    log.info("order.paid", order=17, amount=12.5)

Records of any other library go through the same formatters, so that they too carry the request's
fields, are masked and escaped. See docs/reference/logging.md.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Literal, TextIO, cast

from bistro.ground.errors import SetupError
from bistro.ground.log_fields import bind_log_fields, request_log_fields
from bistro.ground.log_format import (
    FIELDS_ATTRIBUTE,
    ConsoleFormatter,
    JsonFormatter,
    is_terminal,
    wants_colours,
)
from bistro.ground.text import did_you_mean

__all__ = [
    "LogFormatName",
    "Logger",
    "LoggingError",
    "bind_log_fields",
    "configure_logging",
    "get_logger",
    "make_formatter",
    "request_log_fields",
]

LogFormatName = Literal["auto", "console", "json"]

_FORMATS = ("auto", "console", "json")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class LoggingError(SetupError):
    """A level or format of logging that does not exist."""

    code = "B120"
    exit_code = 78


class Logger:
    """Writes events with fields through the standard library's logger of the same name.

    `event` is a short fixed text that can be searched for; what varies goes into fields.
    """

    __slots__ = ("_fields", "_logger")

    def __init__(self, logger: logging.Logger, fields: Mapping[str, object] | None = None) -> None:
        self._logger = logger
        self._fields = dict(fields or {})

    @property
    def name(self) -> str:
        """The dotted name, by which levels are set."""
        return self._logger.name

    def bind(self, **fields: object) -> Logger:
        """A logger that adds `fields` to each of its events."""
        return Logger(self._logger, {**self._fields, **fields})

    def is_enabled(self, level: int) -> bool:
        """Whether events of this level are written; to save the work of making their fields."""
        return self._logger.isEnabledFor(level)

    def debug(self, event: str, /, **fields: object) -> None:
        """For whoever looks for a fault."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What normally happens."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Something is not as it should be, and work goes on."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Something failed."""
        self._write(logging.ERROR, event, fields)

    def critical(self, event: str, /, **fields: object) -> None:
        """The site can't go on."""
        self._write(logging.CRITICAL, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Something failed, with the traceback of the exception in hand."""
        self._write(logging.ERROR, event, fields, error=sys.exception())

    def _write(
        self, level: int, event: str, fields: dict[str, object], error: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            extra = {FIELDS_ATTRIBUTE: {**self._fields, **fields}}
            # Of the frames above, the caller's is the third: this one, and info() or its like.
            self._logger.log(level, event, exc_info=error, extra=extra, stacklevel=3)

    def __repr__(self) -> str:
        return f"Logger({self.name!r})"


def get_logger(name: str) -> Logger:
    """The logger called `name`; by custom the module's `__name__`."""
    return Logger(logging.getLogger(name))


def configure_logging(
    *,
    format: LogFormatName = "auto",
    level: str = "INFO",
    levels: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Write all log records of the process to `stream` (standard output), once, in one format.

    The environment wins over the arguments: `LOG_FORMAT`, `LOG_LEVEL`, and levels of single loggers
    as in `LOG_LEVELS="bistro.db=DEBUG,uvicorn=WARNING"`. `auto` is `console` in a terminal and
    `json` elsewhere. Calling again replaces what the last call set; handlers that others attached
    stay. Raises LoggingError (B120) for a format or level that does not exist.
    """
    env = os.environ if env is None else env
    formatter = make_formatter(format, stream=stream, env=env)
    root_level = _check_level(env.get("LOG_LEVEL") or level, "LOG_LEVEL")
    chosen = {**(levels or {}), **_parse_levels(env.get("LOG_LEVELS", ""))}
    checked = {name: _check_level(text, f"the level of {name!r}") for name, text in chosen.items()}

    handler = _handler_of_root()
    handler.stream_or_stdout = stream
    handler.setFormatter(formatter)
    logging.getLogger().setLevel(root_level)
    handler.set_levels(checked)


def make_formatter(
    format: LogFormatName = "auto", *, stream: TextIO | None = None, env: Mapping[str, str] | None = None
) -> ConsoleFormatter | JsonFormatter:
    """The formatter that `configure_logging` would use; its `format_event` makes single lines."""
    env = os.environ if env is None else env
    name = (env.get("LOG_FORMAT") or format).strip().lower()
    if name not in _FORMATS:
        raise _unknown("LOG_FORMAT", name, _FORMATS)
    if name == "auto":
        name = "console" if is_terminal(stream) else "json"
    return JsonFormatter() if name == "json" else ConsoleFormatter(colours=wants_colours(stream, env))


class _RootHandler(logging.Handler):
    """Writes each record as it comes; a stream that fails costs the line and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.stream_or_stdout: TextIO | None = None
        self.lines_lost = 0
        self._levels_set: tuple[str, ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - no log call may fail
            # Full disk, closed pipe, closed file: nobody is left to be told. Not `handleError`,
            # which would print the record as it is, unmasked.
            self.lines_lost += 1

    def set_levels(self, levels: Mapping[str, int]) -> None:
        for name in self._levels_set:
            logging.getLogger(name).setLevel(logging.NOTSET)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        self._levels_set = tuple(levels)

    def _write(self, line: str) -> None:
        # Looked up each time: programs and tests replace sys.stdout. It is None under pythonw.
        stream = cast("TextIO | None", self.stream_or_stdout or sys.stdout)
        if stream is None:
            return
        try:
            stream.write(line)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


def _handler_of_root() -> _RootHandler:
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, _RootHandler):
            return handler
    handler = _RootHandler()
    root.addHandler(handler)
    return handler


def _check_level(text: str, where: str) -> int:
    name = text.strip().upper()
    if name not in _LEVELS:
        raise _unknown(where, text, _LEVELS)
    return int(getattr(logging, name))


def _parse_levels(text: str) -> dict[str, str]:
    levels = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, level = part.partition("=")
        if not equals or not name.strip():
            raise LoggingError(
                f"LOG_LEVELS holds {part!r}, which is not logger=LEVEL",
                fix='Write it as in LOG_LEVELS="bistro.db=DEBUG,uvicorn=WARNING".',
            )
        levels[name.strip()] = level
    return levels


def _unknown(what: str, given: str, known: tuple[str, ...]) -> LoggingError:
    near = did_you_mean(given, known)
    fix = f"Set it to one of {', '.join(known)}." + (f" Did you mean {near}?" if near else "")
    return LoggingError(f"{what} is {given!r}, which is unknown", fix=fix)
