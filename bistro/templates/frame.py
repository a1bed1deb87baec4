"""`Frame`: a scope of names inside a template, as Jinja2's own analysis sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes
from jinja2.idtracking import Symbols
from msgspec import Struct

APPEND = "append"


class Frame:
    """Names and their variables, what is known of them, and where output goes."""

    def __init__(self, symbols: Symbols, *, is_escaped: bool, parent: Frame | None = None) -> None:
        self.symbols = symbols
        self.parent = parent
        self.is_escaped = is_escaped
        self.append: str = parent.append if parent else APPEND
        self.is_top = False
        """Whether assignments here are seen by blocks and includes."""
        self.is_silent: bool = parent.is_silent if parent else False
        """Whether output is left out, as behind `extends`."""
        self.is_soft = False
        """Whether what is written here may be left out, while the scope goes on behind it."""
        self.block: tuple[str, int] | None = parent.block if parent else None
        """The block that is being written, and how many children override it."""
        self.caller: str | None = parent.caller if parent else None
        """The parameter of a macro that gives the body it is called with."""
        self.assigned: set[str] = set(parent.assigned) if parent else set()
        """Variables that certainly hold a value here."""
        self.bindings: dict[str, Binding] = {}
        self.hints: dict[str, Any] = {}
        """What is known of the types of variables; a guess that may be wrong."""
        self.loop: Any = parent.loop if parent else None

    def inner(self) -> Frame:
        """A scope inside of this one."""
        return Frame(Symbols(self.symbols), is_escaped=self.is_escaped, parent=self)

    def soft(self) -> Frame:
        """The same scope, for a part that may be left out."""
        made = Frame(self.symbols, is_escaped=self.is_escaped, parent=self)
        made.is_top, made.is_soft = self.is_top, True
        made.bindings, made.hints = self.bindings, self.hints
        return made

    def find_owner(self, name: str) -> Frame | None:
        """The innermost frame that knows `name`."""
        frame: Frame | None = self
        while frame is not None and name not in frame.symbols.refs:
            frame = frame.parent
        return frame

    def find_binding(self, name: str) -> Binding | None:
        """The macro or module that `name` stands for here."""
        owner = self.find_owner(name)
        return owner.bindings.get(name) if owner else None

    def find_hint(self, variable: str) -> Any:
        """What is known of the type of a variable, or None."""
        frame: Frame | None = self
        while frame is not None:
            if variable in frame.hints:
                return frame.hints[variable]
            frame = frame.parent
        return None

    def is_stored(self, name: str) -> bool:
        """Whether the frame that knows `name` assigns to it."""
        owner = self.find_owner(name)
        return owner is not None and name in owner.symbols.stores


class MacroBinding(Struct, frozen=True, eq=False):
    """A name that stands for a macro."""

    node: nodes.Macro
    chain: Any  # Any, here and below: chain and source stand above this module
    source: Any
    frame: Frame
    """The scope in which it was defined."""


class ModuleBinding(Struct, frozen=True, eq=False):
    """A name that stands for an imported template."""

    macros: Mapping[str, MacroBinding]


Binding = MacroBinding | ModuleBinding
