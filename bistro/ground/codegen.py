"""The only file that calls `exec`: turn written source into a function that a debugger can read.

Plans (`app/plan.py`) and routing (`routing/table.py`) are written as text, templates as trees. The
rules that keep it safe: only names that passed `check_identifier` go into a text, every value goes
into the namespace or is a constant of a tree, and nothing from a request is ever in either.
"""

from __future__ import annotations

import ast
import keyword
import linecache
from collections.abc import Iterable, Mapping
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
    register_source(filename, source)
    code: CodeType = compile(source, filename, "exec")
    scope: dict[str, Any] = dict(namespace)
    run_codes((code,), scope)
    result = scope[name]
    if hasattr(result, "__dict__"):
        result.__source__ = source
    return result


def compile_tree(tree: ast.Module, filename: str) -> CodeType:
    """The code of a tree whose nodes carry the lines of `filename`, which is what tracebacks then show.

    Nodes without a line get that of the node around them. No text is involved: what the tree holds
    as a constant stays one.
    """
    _fill_in_places(tree)
    return compile(tree, filename, "exec")


def register_source(filename: str, text: str) -> None:
    """Let tracebacks show the lines of `text` for code of `filename`, where no such file can be read."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def run_codes(codes: Iterable[CodeType], namespace: dict[str, Any]) -> None:
    """Run code that defines functions, in `namespace`, which they share."""
    for code in codes:
        exec(code, namespace)  # noqa: S102 - the one place, see the head of this file


def _fill_in_places(tree: ast.Module) -> None:
    """`ast.fix_missing_locations`, twice as fast: nodes without a line get that of the node around them."""
    waiting: list[tuple[ast.AST, int]] = [(each, 1) for each in tree.body]
    while waiting:
        node, line = waiting.pop()
        values = node.__dict__
        kind = node.__class__
        if kind not in _WITHOUT_PLACE:
            if "lineno" in values:
                line = values["lineno"]
            else:
                values["lineno"] = values["end_lineno"] = line
                values["col_offset"] = values["end_col_offset"] = 0
        if kind in _LEAVES:
            continue
        for value in values.values():
            if value.__class__ is list:
                waiting += [(each, line) for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append((value, line))


_LEAVES: frozenset[type] = frozenset([ast.Name, ast.Constant])
_WITHOUT_PLACE: frozenset[type] = frozenset(
    each
    for each in vars(ast).values()
    if isinstance(each, type) and "lineno" not in getattr(each, "_attributes", ())
)
