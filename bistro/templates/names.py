"""Names: whether one is a variable of the template, a macro, or comes from the context."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeAlias  # Any: hints are types of every kind.

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_PARAMETER

from bistro.templates.chain import Chain
from bistro.templates.frame import Binding, Frame, MacroBinding, ModuleBinding
from bistro.templates.python_tree import at, attribute, choose, compare, constant, name
from bistro.templates.source import Source
from bistro.templates.unit import MADE, Unit
from bistro.templates.unit_maker import UnitMaker
from bistro.templates.unsupported import Unsupported

Typed: TypeAlias = tuple[ast.expr, Any]
"""An expression, and what is known of its type."""


class NameWriter:
    """Writes the names of one unit; the classes above it write the rest."""

    def __init__(self, units: UnitMaker, chain: Chain, unit: Unit, source: Source) -> None:
        self.units = units
        self.chain = chain
        self.unit = unit
        self.source = source
        self.definition: Frame | None = None
        """Where the macro that is being written was defined; it may call what that scope can."""
        self.is_optimistic = False
        """Whether attributes may be read directly, since a failure is caught around the statement."""
        self.was_direct = False

    def value(self, node: nodes.Node, frame: Frame) -> ast.expr:
        """The expression for `node`."""
        return self.typed(node, frame)[0]

    def typed(self, node: nodes.Node, frame: Frame) -> Typed:
        """The expression for `node`, and what is known of its type."""
        kind = type(node).__name__
        write: Callable[[Any, Frame], Typed] | None = getattr(self, f"_write_{kind.lower()}", None)
        if write is None:
            raise self.unsupported(f"the expression {kind}", node)
        expression, hint = write(node, frame)
        return at(expression, node.lineno), hint

    def unsupported(self, reason: str, node: nodes.Node) -> Unsupported:
        """The error that hands this template to stock Jinja2."""
        return Unsupported(reason, self.source.file, node.lineno)

    # --- names --------------------------------------------------------------------------------------

    def resolve(self, identifier: str) -> ast.expr:
        """A name of the context."""
        if self.chain.is_isolated and identifier in self.chain.constants:
            return constant(self.chain.constants[identifier])
        value = self.raw(f"c_{identifier}")
        if identifier not in self.units.made_names:
            return value
        made = attribute(self.unit.need(MADE), identifier)
        return (
            made if self.chain.is_isolated else choose(compare(value, ast.Is(), name("missing")), made, value)
        )

    def raw(self, parameter: str) -> ast.expr:
        """What a unit that is called gets for one of its needs: a name of the context as it was given."""
        if parameter == MADE or not self.chain.is_isolated:
            return self.unit.need(parameter)
        return self.units.default(parameter.removeprefix("c_"))

    def local(self, identifier: str, frame: Frame) -> ast.expr | None:
        """A name that a scope of the template assigns to, or None where it comes from the context."""
        if not frame.is_stored(identifier):
            return None
        variable = frame.symbols.ref(identifier)
        load = frame.symbols.find_load(variable)
        if variable in frame.assigned or (load is not None and load[0] == VAR_LOAD_PARAMETER):
            return name(variable)
        missing = compare(name(variable), ast.Is(), name("missing"))
        return choose(missing, self.units.recipes.use("undefined", identifier), name(variable))

    def find_binding(self, identifier: str, frame: Frame) -> Binding | None:
        """The macro or module that a name stands for here."""
        found = frame.find_binding(identifier)
        if found is not None or frame.is_stored(identifier):
            return found
        if self.definition is not None and (found := self.definition.find_binding(identifier)) is not None:
            return found
        return self.chain.find_binding(identifier)

    def include_lookup(self, frame: Frame) -> Callable[[str], ast.expr]:
        """What an included template sees: the names of all scopes around it, then the context."""
        assigned = frozenset(frame.assigned)  # as it is now: it is asked for once all is written

        def lookup(parameter: str) -> ast.expr:
            identifier = parameter.removeprefix("c_")
            context = self.raw(parameter)
            if parameter == MADE or not frame.is_stored(identifier) or frame.find_binding(identifier):
                return context
            variable = frame.symbols.ref(identifier)
            load = frame.symbols.find_load(variable)
            if variable in assigned or (load is not None and load[0] == VAR_LOAD_PARAMETER):
                return name(variable)
            return choose(compare(name(variable), ast.Is(), name("missing")), context, name(variable))

        return lookup

    def loop_attribute(self, identifier: str, wanted: str, frame: Frame) -> Typed | None:
        """What counts a loop, where that is known without an object for it."""
        loop = frame.loop
        owner = frame.find_owner("loop") if identifier == "loop" and loop is not None else None
        if loop is None or owner is None or owner.symbols is not loop.frame.symbols:
            return None
        made: Typed | None = loop.attribute(wanted)
        return made

    def macro_of(self, module: ModuleBinding, node: nodes.Getattr) -> MacroBinding:
        binding = module.macros.get(node.attr)
        if binding is None:
            raise self.unsupported(f"the imported template has no macro {node.attr!r}", node)
        return binding
