"""`UnitMaker`: what the writers of one unit ask of the program that they are part of."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Protocol  # Any: hints are types of every kind.

from jinja2 import Environment, nodes

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame, MacroBinding
from bistro.templates.recipes import Recipes
from bistro.templates.unit import Unit


class UnitMaker(Protocol):
    """Makes units when they are first called, and knows what names stand for."""

    environment: Environment
    made_names: frozenset[str]
    recipes: Recipes

    def block(self, chain: Chain, identifier: str, depth: int) -> Unit:
        """What writes a block as the template `depth` places up has it."""
        ...

    def included(self, template: str, chain: Chain, frame: Frame, *, is_isolated: bool) -> Unit:
        """What writes an included template, which sees what is visible in `frame`."""
        ...

    def imported(self, template: str, *, with_context: bool) -> Mapping[str, MacroBinding]:
        """The macros of an imported template by name."""
        ...

    def macro(self, binding: MacroBinding, hints: tuple[Any, ...]) -> tuple[Unit, bool]:
        """What gives the text of a macro for arguments of such types, and whether it takes a caller."""
        ...

    def macro_object(self, binding: MacroBinding) -> ast.expr:
        """A macro as a value, for what does not call it by its name."""
        ...

    def check_macro(self, node: nodes.Macro, frame: Frame, chain: Chain) -> None:
        """Raise `Unsupported` for a macro that a function of its own can't stand for."""
        ...

    def default(self, identifier: str) -> ast.expr:
        """What a name stands for that the context does not have."""
        ...

    def is_built_in(self, kind: str, identifier: str) -> bool:
        """Whether a filter or test is Jinja2's own."""
        ...
