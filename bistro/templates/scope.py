"""`Scope`: which names a place of a template sees, of what types, and which are known not to be None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes


class Scope:
    """Names with what is known of their types. An open one lets every name pass."""

    def __init__(self, names: Mapping[str, Any], *, is_open: bool = False) -> None:
        self.names = dict(names)
        self.is_open = is_open
        self.present: frozenset[str] = frozenset()
        """Paths such as `note.author` that were tested before."""

    def inner(self, names: Mapping[str, Any] | None = None) -> Scope:
        """A scope inside of this one."""
        made = Scope({**self.names, **(names or {})}, is_open=self.is_open)
        made.present = self.present
        return made

    def knowing(self, paths: frozenset[str]) -> Scope:
        """The same names, where more is known to be there; what is assigned here is seen outside."""
        made = Scope({}, is_open=self.is_open)
        made.names = self.names
        made.present = self.present | paths
        return made

    def assign(self, name: str, hint: Any) -> None:
        """Let `name` have a value; what was known of it no longer holds."""
        self.names[name] = hint
        self.present = frozenset(
            each for each in self.present if each != name and not each.startswith((f"{name}.", f"{name}["))
        )


def path_of(node: nodes.Node) -> str | None:
    """A name with what stands behind its dots, or None for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        inner = path_of(node.node)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def present_if(node: nodes.Node, *, holds: bool) -> frozenset[str]:
    """The paths that are certainly there where `node` is true (or false)."""
    if isinstance(node, nodes.Not):
        return present_if(node.node, holds=not holds)
    if isinstance(node, (nodes.And if holds else nodes.Or)):
        return present_if(node.left, holds=holds) | present_if(node.right, holds=holds)
    if isinstance(node, nodes.Test) and not node.args:
        says_absent = node.name in ("none", "undefined")
        says_present = node.name in ("defined", "string", "number", "mapping")
        if (holds and says_present) or (not holds and says_absent):
            return _path_set(node.node)
        return frozenset()
    if isinstance(node, nodes.Compare) and len(node.ops) == 1 and _is_none(node.ops[0].expr):
        is_different = node.ops[0].op == "ne"
        return _path_set(node.expr) if is_different is holds else frozenset()
    return _path_set(node) if holds else frozenset()


def _is_none(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and node.value is None


def _path_set(node: nodes.Node) -> frozenset[str]:
    path = path_of(node)
    if path is None:
        return frozenset()
    # What stands behind a dot of something tells that the something is there.
    parts = path.split(".")
    return frozenset(".".join(parts[: count + 1]) for count in range(len(parts)))
