"""`UnitMaker`: what the writers of one unit ask of the program that they are part of."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Protocol  # Any: hints are types of every kind.

from jinja2 import Environment

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame, MacroBinding
from bistro.templates.library import Reading
from bistro.templates.recipes import Recipes
from bistro.templates.unit import Unit


class UnitMaker(Protocol):
    """Makes units when they are first called, and knows what names stand for."""

    reading: Reading
    environment: Environment
    made_names: frozenset[str]
    recipes: Recipes

    def root(self, chain: Chain, index: int = 0, *, only_block: str | None = None) -> Unit:
        """What writes a template of the chain from its top; with `only_block`, no more than that block."""
        ...

    def block(self, chain: Chain, identifier: str, depth: int) -> Unit:
        """What writes a block as the template `depth` places up has it."""
        ...

    def included(self, template: str, chain: Chain, frame: Frame, *, is_isolated: bool) -> Unit:
        """What writes an included template, which sees what is visible in `frame`."""
        ...

    def imported(self, template: str, *, with_context: bool) -> Mapping[str, MacroBinding]:
        """The macros of an imported template by name."""
        ...

    def macro(
        self, binding: MacroBinding, hints: tuple[Any, ...], *, is_direct: bool = False
    ) -> tuple[Unit, bool]:
        """What gives or prints a macro's text for arguments of such types; whether it takes a caller."""
        ...

    def macro_object(self, binding: MacroBinding) -> ast.expr:
        """A macro as a value, for what does not call it by its name."""
        ...

    def default(self, identifier: str) -> ast.expr:
        """What a name stands for that the context does not have."""
        ...

    def is_built_in(self, kind: str, identifier: str) -> bool:
        """Whether a filter or test is Jinja2's own."""
        ...
