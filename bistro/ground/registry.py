"""What was registered, by whom, and at which file and line.

Everything that a site is made of (routes, hooks, providers, commands …) is recorded with its
`Origin`, so that a clash or a mistake can name both places before the first request.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import CodeType, FrameType


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was written: file, line, the name written there, and which plugin did it."""

    file: str
    line: int
    name: str = ""
    by: str = field(default="", compare=False)

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}"
        if self.name:
            text += f"   {self.name}"
        if self.by:
            text += f"   ({self.by})"
        return text


def find_origin(thing: object, by: str = "") -> Origin:
    """Where `thing` (a function, method, class or callable object) was written."""
    function = getattr(thing, "__func__", thing)
    function = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", type(thing).__qualname__)
    if isinstance(code, CodeType):
        return Origin(code.co_filename, code.co_firstlineno, name, by)
    module = sys.modules.get(getattr(function, "__module__", "") or type(thing).__module__)
    return Origin(getattr(module, "__file__", None) or "<unknown>", 0, name, by)


def origin_of_caller(name: str = "", by: str = "") -> Origin:
    """The first line outside the `bistro` package on the call stack: the user's own line."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != "bistro" and not module.startswith("bistro."):
            return Origin(frame.f_code.co_filename, frame.f_lineno, name, by)
        frame = frame.f_back
    return Origin("<unknown>", 0, name, by)
