"""What was registered, by whom, and at which file and line.

Everything that a site is made of (routes, hooks, providers, commands …) is recorded with its
`Origin`, so that a clash or a mistake can name both places before the first request.
"""

from __future__ import annotations

import inspect
import sys
from functools import partial
from types import CodeType, FrameType

from msgspec import Struct


class Origin(Struct, frozen=True, eq=False):
    """Where something was written: file, line, the name written there, and which plugin did it.

    Equal where file, line and name are, whichever plugin it was.
    """

    file: str
    line: int
    name: str = ""
    by: str = ""
    column: int = 0
    """Counted from 1; 0 where only the line is known."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}" if self.line else self.file
        if self.column:
            text += f":{self.column}"
        if self.name:
            text += f"   {self.name}"
        if self.by:
            text += f"   ({self.by})"
        return text

    @property
    def _place(self) -> tuple[str, int, int, str]:
        return self.file, self.line, self.column, self.name


def find_origin(thing: object, by: str = "") -> Origin:
    """Where `thing` (a function, method, class, partial or callable object) was written.

    An object that is called has the place of its class. The line is 0, and the file at worst
    `<unknown>`, for what has no source, such as built-ins.
    """
    function = _innermost(thing)
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):
        name = getattr(function, "__qualname__", code.co_name)
        return Origin(code.co_filename, code.co_firstlineno, name, by)
    if not isinstance(function, type) and not hasattr(function, "__qualname__"):
        function = type(function)
    line = _line_of_class(function) if isinstance(function, type) else 0
    return Origin(_file_of(function), line, getattr(function, "__qualname__", ""), by)


def origin_of_caller(name: str = "", by: str = "") -> Origin:
    """The first line outside the `bistro` package on the call stack: the user's own line."""
    return origin_outside(sys._getframe(1), name, by)


def origin_outside(frame: FrameType | None, name: str = "", by: str = "") -> Origin:
    """The first line outside the `bistro` package from `frame` on."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != "bistro" and not module.startswith("bistro."):
            return Origin(frame.f_code.co_filename, frame.f_lineno, name, by)
        frame = frame.f_back
    return Origin("<unknown>", 0, name, by)


def _innermost(thing: object) -> object:
    # Bounded, as a wrapper may be made to wrap itself.
    for _ in range(50):
        inner = getattr(thing, "__func__", None) or getattr(thing, "__wrapped__", None)
        if isinstance(thing, partial):
            inner = thing.func
        if inner is None:
            break
        thing = inner
    return thing


def _file_of(thing: object) -> str:
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return getattr(module, "__file__", None) or "<unknown>"


def _line_of_class(kind: type) -> int:
    # Python 3.13 keeps the line; before, only the source tells.
    line = vars(kind).get("__firstlineno__")
    if isinstance(line, int):
        return line
    try:
        return inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return 0
