"""The only file that calls `exec`: turn written source into a function that a debugger can read.

Three things are written as source: plans (`app/plan.py`), routing (`routing/table.py`) and later
templates and row loaders. The rules that keep it safe: only names that passed `check_identifier`
go into the text, every value goes into the namespace, and nothing from a request is ever in it.
"""

from __future__ import annotations

import keyword
import linecache
from collections.abc import Mapping
from types import CodeType

# Any: generated code takes and gives whatever objects its writer means.
from typing import Any


def check_identifier(name: str) -> str:
    """Return `name` if it may stand in generated source; raise ValueError otherwise."""
    # __debug__ is a name that Python lets nobody assign.
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or name == "__debug__":
        raise ValueError(f"{name!r} can't be a name in generated code")
    return name


def compile_function(source: str, name: str, filename: str, namespace: Mapping[str, Any]) -> Any:
    """Compile `source`, which defines `name`, and return that object.

    `filename` is shown in tracebacks, e.g. `<plan GET />`; the text is registered with `linecache`
    under it so that tracebacks and debuggers show the lines. The text stays readable as
    `result.__source__` where the result is a function.
    """
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code: CodeType = compile(source, filename, "exec")
    scope: dict[str, Any] = dict(namespace)
    exec(code, scope)  # noqa: S102 - the one place, see the head of this file
    result = scope[name]
    if hasattr(result, "__dict__"):
        result.__source__ = source
    return result
