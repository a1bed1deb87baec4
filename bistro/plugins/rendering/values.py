"""The types of what a handler gives to a template, read off its source."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints  # Any: hints are types of every kind.

from bistro.ground import Origin
from bistro.plugins.rendering.queries import read_query

OPEN_TRIES_MAX = 8
"""How many names are looked through, one behind the other."""


class Values:
    """What is known of the expressions in the source of one function."""

    def __init__(self, function: Callable[..., Any], origin: Origin) -> None:
        self.function = function
        self.origin = origin
        self.hints = hints_of(function)
        self.tree, self.first_line = _parse(function)
        self._assigned = _single_assignments(self.tree)
        self._changed = _loaded_later(self.tree)
        self._depth = 0

    def calls(self) -> Iterator[tuple[ast.Call, int]]:
        """The calls, each with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, self.line_of(node)

    def line_of(self, node: ast.expr) -> int:
        """The line of the file in which `node` stands."""
        return self.first_line + node.lineno - 1

    def find(self, node: ast.expr) -> Any:
        """What a name of the module, or of a function around, stands for; or None."""
        if isinstance(node, ast.Attribute):
            return getattr(self.find(node.value), node.attr, None)
        if not isinstance(node, ast.Name):
            return None
        names = getattr(self.function, "__globals__", {})
        with contextlib.suppress(TypeError, ValueError):  # for what is no function of Python's own
            names = {**names, **inspect.getclosurevars(self.function).nonlocals}
        return names.get(node.id)

    def assigned(self, node: ast.expr) -> ast.expr:
        """What a variable that is assigned to once was given; anything else as it is."""
        for _ in range(OPEN_TRIES_MAX):
            if not isinstance(node, ast.Name) or node.id not in self._assigned or node.id in self._changed:
                break
            node = self._assigned[node.id]
        return node

    def hint(self, node: ast.expr) -> Any:
        """The type of an expression: a parameter, a constant, a call, what a query gives."""
        if isinstance(node, ast.Constant):
            return type(node.value) if node.value is not None else Any
        if isinstance(node, ast.Name) and node.id in self.hints:
            return self.hints[node.id]
        node = self.assigned(node)
        if isinstance(node, ast.Await):
            return self._awaited(node.value)
        if not isinstance(node, ast.Call):
            return Any
        made = self.find(node.func)
        if isinstance(made, type):
            return made
        if getattr(made, "__module__", "") == "bistro.db.sync" and node.args:
            return self._awaited(node.args[0])
        if not callable(made) or inspect.iscoroutinefunction(made):
            return Any
        return hints_of(made).get("return", Any)

    def _awaited(self, node: ast.expr) -> Any:
        found = read_query(self, node)
        if found is not None:
            return found
        made = self.find(node.func) if isinstance(node, ast.Call) else None
        return hints_of(made).get("return", Any) if inspect.iscoroutinefunction(made) else Any


def hints_of(thing: Any) -> dict[str, Any]:
    """The type hints of a function or class; none where they can't be read."""
    try:
        return get_type_hints(thing)
    except (NameError, TypeError, AttributeError):
        return {}


def _parse(function: Callable[..., Any]) -> tuple[ast.Module, int]:
    """The source of a function, and its first line; nothing where there is none."""
    try:
        lines, first = inspect.getsourcelines(function)
        return ast.parse(textwrap.dedent("".join(lines))), first
    except (OSError, TypeError, SyntaxError):
        return ast.Module(body=[], type_ignores=[]), 1


def _single_assignments(tree: ast.Module) -> dict[str, ast.expr]:
    """The variables that are assigned to in one place only, with what they are given."""
    found: dict[str, ast.expr] = {}
    counts: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] = counts.get(node.id, 0) + 1
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node.value
    return {name: value for name, value in found.items() if counts[name] == 1}


def _loaded_later(tree: ast.Module) -> set[str]:
    """The variables whose relations may be loaded later: `note.load(…)`, `load_relations(notes, …)`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "load" and isinstance(func.value, ast.Name):
            names.add(func.value.id)
        elif (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")) == "load_relations":
            names |= {each.id for each in node.args if isinstance(each, ast.Name)}
    return names
