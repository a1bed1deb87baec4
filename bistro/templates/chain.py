"""`Chain`: a template with all that it extends, and which block of which template holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes

from bistro.templates.frame import Binding, Frame
from bistro.templates.hints import UNKNOWN
from bistro.templates.source import Source
from bistro.templates.unsupported import Unsupported


class Chain:
    """A template and its parents, the child first, as they are rendered together."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        hints: Mapping[str, Any] | None = None,
        outer: Frame | None = None,
        outer_chain: Chain | None = None,
        is_isolated: bool = False,
    ) -> None:
        self.sources = tuple(sources)
        self.outer = outer
        self.outer_chain = outer_chain
        self.is_isolated = is_isolated
        """Whether it sees no names of the context, like an imported template."""
        self.included_as: object = None
        """What it was included as, by which an include of itself is known."""
        self.bindings: dict[str, Binding] = {}
        """The macros and modules that all its templates see."""
        self.constants: dict[str, Any] = {}
        """The values that an imported template assigns."""
        self.blocks: dict[str, list[tuple[Source, nodes.Block]]] = {}
        for source in self.sources:
            for block in source.blocks:
                self.blocks.setdefault(block.name, []).append((source, block))
        self._hints = hints or {}
        self._assigned = frozenset().union(*(source.assigned for source in self.sources))

    def hint(self, name: str) -> Any:
        """What is known of the type of a name of the context; nothing if a template assigns to it."""
        if name in self._assigned:
            return UNKNOWN
        if name not in self._hints and self.outer_chain is not None and not self.is_isolated:
            return self.outer_chain.hint(name)
        return self._hints.get(name, UNKNOWN)

    def find_binding(self, name: str) -> Binding | None:
        """The macro or module that a name of the context stands for."""
        found = self.bindings.get(name)
        if found is not None or self.outer is None or self.outer_chain is None:
            return found
        if self.outer.is_stored(name) and self.outer.find_binding(name) is None:
            return None
        return self.outer.find_binding(name) or self.outer_chain.find_binding(name)

    def bind(self, bindings: dict[str, Binding], name: str, binding: Binding, line: int) -> None:
        """Let `name` stand for a macro or module. Raises `Unsupported` where it did already."""
        if name in bindings:
            raise Unsupported(f"the macro or module {name!r} is defined twice", line=line)
        bindings[name] = binding
