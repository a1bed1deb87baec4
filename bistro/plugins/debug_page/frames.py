"""What there is to show of an error: its chain, the frames, their source and their values.

Everything here is read from objects that may be broken: a `__repr__` that raises, a class without a
name, a file that has gone. None of it may make the page fail.
"""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType, ModuleType, TracebackType

from bistro.ground import escape_control_characters, is_sensitive_name, redact, redact_text

CHAIN_MAX = 5
FRAMES_FIRST, FRAMES_LAST = 10, 30
LINES_BEFORE, LINES_AFTER = 6, 4
LOCALS_MAX = 60
VALUE_LENGTH_MAX = 1_000
MESSAGE_LENGTH_MAX = 4_000
LINE_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of source; `mark` is the part of it that was being run, as start and stop."""

    number: int
    text: str
    is_current: bool = False
    mark: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LocalValue:
    """A local variable as it may be shown."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FrameView:
    """One call on the way to the error."""

    file: str
    line: int
    function: str
    is_own: bool
    source: tuple[SourceLine, ...]
    values: tuple[LocalValue, ...]

    @property
    def is_plan(self) -> bool:
        """Whether it is the function that was written for the route."""
        return self.file.startswith("<plan ")


@dataclass(frozen=True, slots=True)
class ErrorView:
    """One error of the chain; `relation` says how the one before it came from this."""

    kind: str
    message: str
    relation: str
    notes: tuple[str, ...]
    fix: str
    frames: tuple[FrameView, ...]
    frames_left_out: int


def read_chain(error: BaseException) -> list[ErrorView]:
    """The error and those that led to it, the last first."""
    views: list[ErrorView] = []
    relation, current, seen = "", error, set[int]()
    while len(views) < CHAIN_MAX and id(current) not in seen:
        seen.add(id(current))
        views.append(read_error(current, relation))
        if current.__cause__ is not None:
            relation, current = "Caused by", current.__cause__
        elif current.__context__ is not None and not current.__suppress_context__:
            relation, current = "While handling", current.__context__
        else:
            break
    return views


def read_error(error: BaseException, relation: str) -> ErrorView:
    """What is shown of a single error."""
    walked = list(walk_frames(error.__traceback__))
    left_out = max(0, len(walked) - FRAMES_FIRST - FRAMES_LAST)
    kept = walked if not left_out else walked[:FRAMES_FIRST] + walked[-FRAMES_LAST:]
    notes = getattr(error, "__notes__", None)
    fix = show_text(getattr(error, "fix", ""), MESSAGE_LENGTH_MAX)
    return ErrorView(
        kind=kind_of(error),
        message=_show_message(error, fix),
        relation=relation,
        notes=tuple(show_text(note, MESSAGE_LENGTH_MAX) for note in notes[:10])
        if isinstance(notes, list)
        else (),
        fix=fix,
        frames=tuple(read_frame(frame, line, instruction) for frame, line, instruction in kept),
        frames_left_out=left_out,
    )


def _show_message(error: BaseException, fix: str) -> str:
    """The error's own words, without the way to fix it, which the page shows apart."""
    message = show_text(error, MESSAGE_LENGTH_MAX)
    return message.removesuffix(fix).rstrip() if fix else message


def walk_frames(start: TracebackType | None) -> Iterator[tuple[FrameType, int, int]]:
    """Frame, line and instruction of each call, the outermost first."""
    step = start
    while step is not None:
        yield step.tb_frame, step.tb_lineno, step.tb_lasti
        step = step.tb_next


def read_frame(frame: FrameType, line: int, instruction: int) -> FrameView:
    """What is shown of one call."""
    code = frame.f_code
    return FrameView(
        file=code.co_filename,
        line=line,
        function=code.co_qualname if hasattr(code, "co_qualname") else code.co_name,
        is_own=is_own_frame(frame),
        source=tuple(read_source(frame, line, instruction)),
        values=tuple(read_values(frame.f_locals)),
    )


def is_own_frame(frame: FrameType) -> bool:
    """Whether it is the site's own code: not the framework's, not a package's, not written by a plan."""
    file, module = frame.f_code.co_filename, frame.f_globals.get("__name__", "")
    if file.startswith(("<", sysconfig.get_paths()["stdlib"])) or "site-packages" in file:
        return False
    return not (isinstance(module, str) and module.partition(".")[0] == "bistro")


def read_source(frame: FrameType, line: int, instruction: int) -> Iterator[SourceLine]:
    """The lines around `line`; nothing where the source can't be had."""
    file = frame.f_code.co_filename
    linecache.checkcache(file)
    lines = linecache.getlines(file, frame.f_globals)
    first = max(1, line - LINES_BEFORE)
    for number in range(first, min(len(lines), line + LINES_AFTER) + 1):
        text = lines[number - 1].rstrip("\r\n")[:LINE_LENGTH_MAX]
        is_current = number == line
        mark = find_mark(frame.f_code, instruction, line, text) if is_current else None
        yield SourceLine(number, text, is_current, mark)


def find_mark(code: CodeType, instruction: int, line: int, text: str) -> tuple[int, int] | None:
    """The part of `text` that was being run (PEP 657), if it is less than the whole line."""
    position = next(islice(code.co_positions(), instruction // 2, None), None)
    if position is None:
        return None
    first, last, start, stop = position
    if first != line or start is None:
        return None
    # Columns are counted in bytes of UTF-8.
    encoded = text.encode("utf-8", "replace")
    begin = len(encoded[:start].decode("utf-8", "replace"))
    end = len(encoded[:stop].decode("utf-8", "replace")) if last == line and stop is not None else len(text)
    is_whole = text[:begin].strip() == "" and text[end:].strip() == ""
    return None if is_whole or begin >= end else (begin, end)


def read_values(values: Mapping[str, object]) -> Iterator[LocalValue]:
    """The variables of a frame, without the modules and dunders that clutter the top of a file."""
    try:
        shown = [(name, value) for name, value in values.items() if not is_clutter(name, value)]
    except Exception:  # noqa: BLE001 - a class body may have a mapping of its own
        return
    for name, value in shown[:LOCALS_MAX]:
        yield LocalValue(name, kind_of(value), show_value(name, value))


def is_clutter(name: str, value: object) -> bool:
    """Whether nobody looks for it on an error page."""
    return name.startswith("__") or type(value) is ModuleType


def show_value(name: str, value: object) -> str:
    """`value` in one line of bounded length, masked by its name and by the names inside it; never raises."""
    if is_sensitive_name(name):
        return "***"
    try:
        plain = redact(value)
        text = str(plain) if isinstance(plain, str) and not isinstance(value, str) else repr(plain)
    except BaseException:  # noqa: BLE001 - also a __repr__ that ends the program must not end the page
        return "(can't be shown: its __repr__ fails)"
    return cut(text, VALUE_LENGTH_MAX)


def show_text(value: object, length_max: int) -> str:
    """`str(value)` masked and bounded, line breaks kept; never raises."""
    try:
        text = str(value)[:length_max]
    except BaseException:  # noqa: BLE001 - as above
        return "(its text could not be made)"
    return "\n".join(escape_control_characters(line) for line in redact_text(text).split("\n"))


def kind_of(value: object) -> str:
    """The name of its class; never raises."""
    try:
        return str(type(value).__qualname__)
    except BaseException:  # noqa: BLE001 - a metaclass may do anything
        return "(unknown)"


def cut(text: str, length_max: int) -> str:
    """`text`, and how much of it was left out."""
    return text if len(text) <= length_max else f"{text[:length_max]}… ({len(text) - length_max} more)"


def format_plainly(error: BaseException) -> str:
    """The traceback as Python prints it, for copying."""
    try:
        text = "".join(traceback.format_exception(error, limit=-40))
    except BaseException:  # noqa: BLE001 - as above
        return f"{kind_of(error)} (its text could not be made)"
    return "\n".join(escape_control_characters(line) for line in redact_text(text).split("\n"))
