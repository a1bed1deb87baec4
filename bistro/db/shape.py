"""The forms of queries: one tree for each model, in which each query finds its plan without any work on text.

How it works: `Note.objects` is the root. Each verb (`filter`, `order_by`, …) goes to the child for its
step, which is made the first time; the values go along beside it. A query's SQL depends on its node
alone, so a node keeps its plans, one for each kind of database. Two places in a program that ask the
same question share a node.
"""

from __future__ import annotations

from typing import Any, Final  # Any: steps are nested tuples, and a plan is what `plan.py` makes.

from bistro.db.table import TableInfo

NODES_MAX: Final = 2_000
"""Nodes that a model's tree keeps. A program has some dozens; a query built in a loop from what a
client sent could make any number."""


class Shape:
    """One form of a query: what was said last (`step`), after what was said before (`parent`)."""

    __slots__ = ("children", "parent", "plans", "root", "step", "used")

    def __init__(self, parent: Shape | None, step: Any, root: RootShape | None = None) -> None:
        self.parent = parent
        self.step = step
        self.children: dict[Any, Shape] = {}
        self.plans: dict[str, Any] = {}
        self.root: RootShape = root if root is not None else self  # type: ignore[assignment]  # a root is its own
        self.used = True

    @property
    def table(self) -> TableInfo:
        """The table that the query begins with."""
        return self.root.info

    def child(self, step: Any) -> Shape:
        """The form that has `step` as well."""
        try:
            return self.children[step]
        except KeyError:
            return self.root.add(self, step)

    def steps(self) -> list[Any]:
        """Every step from the root on."""
        found = []
        shape: Shape | None = self
        while shape is not None and shape.parent is not None:
            found.append(shape.step)
            shape = shape.parent
        return found[::-1]


class RootShape(Shape):
    """The root of a model's tree; it counts the nodes, and drops those that are no longer used."""

    __slots__ = ("count", "find_written", "info", "updates", "written")

    def __init__(self, info: TableInfo) -> None:
        super().__init__(None, ())
        self.info = info
        self.count = 0
        self.find_written: Any = None
        """Which fields of instances have a value (`write.py`), once some were stored."""
        self.written: dict[tuple[bool, ...], tuple[str, ...]] = {}
        self.updates: dict[tuple[str, ...], Any] = {}
        """The steps of updates with plain values, by the names of the fields."""

    def add(self, parent: Shape, step: Any) -> Shape:
        """A new node; the tree is thinned out first where it is full."""
        if self.count >= NODES_MAX:
            self.count = _thin_out(self)
            if self.count >= NODES_MAX:
                self.children.clear()
                self.count = 0
        self.count += 1
        made = parent.children[step] = Shape(parent, step, self)
        return made


def _thin_out(root: Shape) -> int:
    """Drop the nodes that nobody asked since the last time; how many stay.

    A query that is being built keeps its own node, which then works as before, outside of the tree.
    """
    nodes = [root]
    # Parents first; the list grows while it is walked. Not by recursion: a chain may be long.
    for node in nodes:
        nodes.extend(node.children.values())
    kept = 0
    for node in reversed(nodes[1:]):
        assert node.parent is not None
        if node.children or node.used:
            node.used = False
            kept += 1
        else:
            del node.parent.children[node.step]
    return kept
