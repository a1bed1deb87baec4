"""Which relations a query loads, as a tree: what is one step from the model, and what is behind that."""

from __future__ import annotations

from typing import Any  # Any: the tree's empty place for a path.

from bistro.db.paths import Path
from bistro.db.shape import Shape


class LoadTree:
    """A relation to load, and those behind it; `shape` is the query that says which of its rows."""

    __slots__ = ("children", "count", "first", "path", "shape")

    def __init__(self, path: Any = None) -> None:
        self.path: Path = path
        self.children: dict[str, LoadTree] = {}
        self.shape: Shape | None = None
        self.first = 0
        self.count = 0


def plant(tree: LoadTree, path: Path, shape: Shape | None, first: int, count: int) -> None:
    """Add a path, whose values begin at `first`; every relation on the way is loaded too."""
    chain = []
    current: Path | None = path
    while current is not None:
        chain.append(current)
        current = current.parent
    for each in reversed(chain):
        tree = tree.children.setdefault(each.relation.name, LoadTree(each))
    if shape is not None:
        tree.shape, tree.first, tree.count = shape, first, count
