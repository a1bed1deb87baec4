"""What a query in a handler's source gives, and which relations it loads.

How it works: `await Note.objects.load(Note.author).get(…)` is read from its end to `Note.objects`. What
is not understood is no error: its type is then known without its relations, or not at all.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import GenericAlias
from typing import Any, Optional, Protocol, TypeAlias, get_args  # Any: hints are types of every kind.

from bistro.ground import Origin
from bistro.templates import Loaded, mark

Tree: TypeAlias = "dict[str, Tree | None]"
"""Relations that are loaded, with those behind each; None where these are not known."""

_OPTIONAL: Any = Optional  # as a value: what stands in its brackets is known at run time only

KEEPING = frozenset(
    ["filter", "exclude", "order_by", "reverse", "limit", "offset", "distinct", "for_update", "using",
     "group_by", "having", "tree"]
)  # fmt: skip
"""Steps after which a query gives the same kind of rows."""
ONE = frozenset(["get"])
ONE_OR_NONE = frozenset(["find", "first", "last"])
PARTS = frozenset(["page", "slice"])


class HandlerSource(Protocol):
    """What is asked of the source that a query stands in; `Values` is one."""

    origin: Origin

    def assigned(self, node: ast.expr) -> ast.expr:
        """What a variable was given; anything else as it is."""
        ...

    def find(self, node: ast.expr) -> Any:
        """What a name stands for, or None."""
        ...

    def line_of(self, node: ast.expr) -> int:
        """The line of the file."""
        ...


def read_query(values: HandlerSource, node: ast.expr) -> Any | None:
    """The type of what awaiting this query gives, or None where it is none that can be read."""
    steps = []
    node = values.assigned(node)
    line = values.line_of(node)
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        steps.append((node.func.attr, node))
        node = values.assigned(node.func.value)
    model = values.find(node.value) if isinstance(node, ast.Attribute) and node.attr == "objects" else None
    if not isinstance(model, type) or not relations_of(model):
        return None
    ending = steps.pop(0)[0] if steps and steps[0][0] not in {*KEEPING, "load"} else "all"
    tree: Tree | None = {}
    for name, call in reversed(steps):
        if name == "load":
            tree = None if tree is None else _with_loads(tree, call)
        elif name not in KEEPING:
            return None
    return _given_by(ending, mark(model, make_loaded(model, tree, f"{values.origin.file}:{line}")))


def relations_of(model: type) -> Mapping[str, Any]:
    """The relations of a model, with their types; nothing for any other class."""
    types: Mapping[str, Any] = getattr(model, "__instance_types__", {})
    return {name: hint for name, hint in types.items() if _model_in(hint) is not None}


def _model_in(hint: Any) -> type | None:
    found = (hint, *get_args(hint))
    return next(
        (each for each in found if isinstance(each, type) and hasattr(each, "__instance_types__")), None
    )


def _with_loads(tree: Tree, call: ast.Call) -> Tree | None:
    """`tree` with what one `load(…)` names, or None where it does not say so plainly."""
    for argument in call.args:
        path = _path_of(argument)
        if not path:
            return None
        here = tree
        for step in path[:-1]:
            behind = here.setdefault(step, {})
            if behind is None:
                break
            here = behind
        else:
            # A query for the relation may load more behind it.
            here.setdefault(path[-1], {})
            if call.keywords:
                here[path[-1]] = None
    return tree


def _path_of(node: ast.expr) -> list[str]:
    """The relations in `Note.author.team`; empty for what is no such path."""
    steps: list[str] = []
    while isinstance(node, ast.Attribute):
        steps.insert(0, node.attr)
        node = node.value
    return steps if isinstance(node, ast.Name) else []


def make_loaded(model: type, tree: Tree | None, place: str) -> Loaded | None:
    """What is loaded of a model's instances."""
    if tree is None:
        return None
    relations = relations_of(model)
    behind: dict[str, Loaded | None] = {}
    for name, inner in tree.items():
        target = _model_in(relations.get(name))
        behind[name] = None if target is None else make_loaded(target, inner, place)
    return Loaded(frozenset(relations), behind, place)


def _given_by(ending: str, row: Any) -> Any | None:
    if ending == "all":
        return GenericAlias(list, row)
    if ending in ONE:
        return row
    if ending in ONE_OR_NONE:
        return _OPTIONAL[row]
    if ending in PARTS:
        # Loaded late: only a site with a database gets here.
        from bistro.db import PageOf, Slice

        made: Any = PageOf if ending == "page" else Slice
        return made[row]
    return None
