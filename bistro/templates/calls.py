"""Calls: of macros, which are functions of their own, of blocks, and of whatever the context has."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any  # Any: hints are types of every kind.

from jinja2 import TemplateSyntaxError, nodes

from bistro.templates.components import find_misuse, types_of_props
from bistro.templates.expressions import ExpressionWriter
from bistro.templates.frame import Frame, MacroBinding, ModuleBinding
from bistro.templates.hints import NOT_GIVEN, UNKNOWN
from bistro.templates.names import Typed
from bistro.templates.python_tree import at, call, constant, name
from bistro.templates.unit import MADE


class CallWriter(ExpressionWriter):
    """Writes calls."""

    def _write_call(self, node: nodes.Call, frame: Frame) -> Typed:
        written = self.call_block_or_macro(node, frame)
        if written is not None:
            return (call("Markup", written) if frame.is_escaped else written), UNKNOWN
        cycled = self._cycled(node, frame)
        if cycled is not None:
            return cycled, UNKNOWN
        arguments, keywords = self.arguments(node, frame)
        if isinstance(node.node, nodes.Getattr):
            return call(self.value(node.node, frame), *arguments, keywords=keywords), UNKNOWN
        if isinstance(node.node, nodes.Name) and not frame.is_stored(node.node.name):
            known = self.units.environment.globals.get(node.node.name)
            if known is not None:
                self.passed(known, frame, node, is_built_in=False)
        written = call("call", self.value(node.node, frame), *arguments, keywords=keywords)
        if isinstance(node.node, nodes.Name) and node.node.name == "caller" and self._is_caller(frame):
            # What a body prints is HTML where the macro that asks for it is.
            return (call("Markup", written) if frame.is_escaped else written), UNKNOWN
        return written, UNKNOWN

    @staticmethod
    def _is_caller(frame: Frame) -> bool:
        return frame.caller is not None and frame.symbols.find_ref("caller") == frame.caller

    def _cycled(self, node: nodes.Call, frame: Frame) -> ast.expr | None:
        """`loop.cycle(…)` where the loop has no object for it."""
        called = node.node
        if not isinstance(called, nodes.Getattr) or not isinstance(called.node, nodes.Name):
            return None
        index = self.loop_attribute(called.node.name, "index0", frame) if called.attr == "cycle" else None
        if index is None:
            return None
        items = ast.Tuple([self.value(each, frame) for each in node.args], ast.Load())
        return ast.Subscript(items, ast.BinOp(index[0], ast.Mod(), constant(len(node.args))), ast.Load())

    def macro_called(self, node: nodes.Call, frame: Frame) -> MacroBinding | None:
        """The macro that a call is one of, or None."""
        called = node.node
        if isinstance(called, nodes.Name):
            found = self.find_binding(called.name, frame)
            return found if isinstance(found, MacroBinding) else None
        if isinstance(called, nodes.Getattr) and isinstance(called.node, nodes.Name):
            module = self.find_binding(called.node.name, frame)
            return self.macro_of(module, called) if isinstance(module, ModuleBinding) else None
        return None

    def call_block_or_macro(self, node: nodes.Call, frame: Frame) -> ast.expr | None:
        """The text that a macro, `super()` or `self.block()` gives, or None for any other call."""
        called = node.node
        is_super = isinstance(called, nodes.Name) and called.name == "super"
        if is_super and frame.block is not None and not frame.is_stored("super"):
            return self.super_call(node, frame, is_captured=True)
        binding = self.macro_called(node, frame)
        if binding is not None:
            return self.call_macro(binding, node, frame)
        is_of_self = (
            isinstance(called, nodes.Getattr)
            and isinstance(called.node, nodes.Name)
            and called.node.name == "self"
            and not frame.is_stored("self")
        )
        if is_of_self and isinstance(called, nodes.Getattr) and called.attr in self.chain.blocks:
            return self.block_call(called.attr, 0, frame, is_captured=True)
        return None

    def super_call(self, node: nodes.Call, frame: Frame, *, is_captured: bool = False) -> ast.Call:
        """The call that writes the block of the parent."""
        assert frame.block is not None
        identifier, depth = frame.block
        if depth + 1 >= len(self.chain.blocks[identifier]) or node.args or node.kwargs:
            raise self.unsupported(f"super() in the block {identifier!r}, which no parent has", node)
        return self.block_call(identifier, depth + 1, frame, is_captured=is_captured)

    def block_call(
        self, identifier: str, depth: int, frame: Frame, *, is_scoped: bool = False, is_captured: bool = False
    ) -> ast.Call:
        """The call that writes a block as the template `depth` places up has it, or gives it as a text."""
        unit = self.units.block(self.chain, identifier, depth)
        lookup = self.include_lookup(frame) if is_scoped else self.raw
        if is_captured:
            return self.unit.call_captured(unit, lookup)
        return self.unit.call(unit, lookup, name(frame.append))

    # --- macros -------------------------------------------------------------------------------------

    def call_macro(
        self,
        binding: MacroBinding,
        node: nodes.Call,
        frame: Frame,
        caller: ast.expr | None = None,
        *,
        is_direct: bool = False,
    ) -> ast.expr:
        """The text that a macro gives for the arguments of `node`; with `is_direct`, it prints it itself."""
        parameters = [each.name for each in binding.node.args]
        if types_of_props(binding.node) is not None:
            self._check_component(binding.node, node)
        if node.dyn_args is not None or node.dyn_kwargs is not None or len(node.args) > len(parameters):
            raise self.unsupported(f"the arguments of {binding.node.name!r} are known at run time only", node)
        given = dict(zip(parameters, node.args, strict=False))
        for each in node.kwargs:
            if each.key not in parameters or each.key in given:
                raise self.unsupported(
                    f"{binding.node.name!r} has no argument {each.key!r}, or has it twice", node
                )
            given[each.key] = each.value
        written: list[ast.expr] = []
        hints: list[Any] = []
        for parameter in parameters:
            value, hint = (
                self.typed(given[parameter], frame) if parameter in given else (name("missing"), NOT_GIVEN)
            )
            written.append(value)
            hints.append(hint)
        unit, takes_caller = self.units.macro(binding, tuple(hints), is_direct=is_direct)
        if takes_caller:
            written.append(caller or name("missing"))
        elif caller is not None:
            raise self.unsupported(f"{binding.node.name!r} is called with a body, and doesn't use it", node)
        if is_direct:
            written.append(name(frame.append))
        return at(self.unit.call(unit, self._macro_lookup(binding, frame, node), *written), node.lineno)

    def _check_component(self, component: nodes.Macro, node: nodes.Call) -> None:
        misuse = find_misuse(component, [each.key for each in node.kwargs])
        if misuse is not None and not (node.args or node.dyn_args or node.dyn_kwargs):
            what, _, meant = misuse
            hint = f"; did you mean {meant!r}?" if meant else ""
            raise TemplateSyntaxError(f"{what}{hint}", node.lineno, self.source.name, self.source.file)

    def _macro_lookup(
        self, binding: MacroBinding, frame: Frame, node: nodes.Node
    ) -> Callable[[str], ast.expr]:
        if binding.chain is self.chain:
            return self.raw

        def lookup(parameter: str) -> ast.expr:
            if parameter == MADE:
                return self.unit.need(MADE)
            raise self.unsupported(f"{binding.node.name!r} uses names of another template's context", node)

        return lookup
