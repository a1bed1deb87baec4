"""What leads to other parts: blocks, includes, imports, and the definition of macros."""

from __future__ import annotations

import ast

from jinja2 import TemplateNotFound, nodes

from bistro.templates.captures import CaptureWriter
from bistro.templates.frame import Binding, Frame, MacroBinding, ModuleBinding
from bistro.templates.macro_rules import check_macro
from bistro.templates.python_tree import call, constant, name


class ReferenceWriter(CaptureWriter):
    """Writes blocks, includes and imports."""

    def _do_extends(self, node: nodes.Extends, frame: Frame) -> list[ast.stmt]:
        frame.is_silent = True
        return []

    def _do_block(self, node: nodes.Block, frame: Frame) -> list[ast.stmt]:
        if frame.is_silent and frame.is_top:
            return []
        if node.required and len(self.chain.blocks[node.name]) < 2:
            raise self.unsupported(f"the block {node.name!r} is required and not there", node)
        return [ast.Expr(self.block_call(node.name, 0, frame, is_scoped=node.scoped))]

    def _do_include(self, node: nodes.Include, frame: Frame) -> list[ast.stmt]:
        names = constant_names(node.template)
        if names is None:
            raise self.unsupported("an include whose name is known at run time only", node)
        for each in names:
            try:
                unit = self.units.included(each, self.chain, frame, is_isolated=not node.with_context)
            except TemplateNotFound as error:
                if error.name != each:
                    raise
                continue
            lookup = self.include_lookup(frame) if node.with_context else self._isolated_lookup
            return [ast.Expr(self.unit.call(unit, lookup, name(frame.append)))]
        if node.ignore_missing:
            return []
        return [ast.Expr(call("raise_not_found", *map(constant, names)))]

    def _isolated_lookup(self, parameter: str) -> ast.expr:
        return self.unit.need(parameter)

    def _do_macro(self, node: nodes.Macro, frame: Frame) -> list[ast.stmt]:
        check_macro(node, frame, self.chain)
        self._bind(node.name, MacroBinding(node, self.chain, self.source, frame), frame, node)
        return []

    def _do_import(self, node: nodes.Import, frame: Frame) -> list[ast.stmt]:
        macros = self.units.imported(self._import_name(node), with_context=node.with_context)
        self._bind(node.target, ModuleBinding(macros), frame, node)
        return []

    def _do_fromimport(self, node: nodes.FromImport, frame: Frame) -> list[ast.stmt]:
        macros = self.units.imported(self._import_name(node), with_context=node.with_context)
        for each in node.names:
            wanted, alias = each if isinstance(each, tuple) else (each, each)
            if wanted not in macros:
                raise self.unsupported(f"{wanted!r} is no macro of the imported template", node)
            self._bind(alias, macros[wanted], frame, node)
        return []

    def _import_name(self, node: nodes.Import | nodes.FromImport) -> str:
        names = constant_names(node.template)
        if names is None or len(names) != 1:
            raise self.unsupported("an import whose name is known at run time only", node)
        return names[0]

    def _bind(self, alias: str, binding: Binding, frame: Frame, node: nodes.Node) -> None:
        if frame.is_soft:
            raise self.unsupported("a macro or import inside of `if`", node)
        self.chain.bind(frame.bindings, alias, binding, node.lineno)


def constant_names(node: nodes.Expr) -> list[str] | None:
    """The template names that `node` gives, or None where they are known at run time only."""
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, (nodes.List, nodes.Tuple)):
        found = [each.value for each in node.items if isinstance(each, nodes.Const)]
        return found if len(found) == len(node.items) and found else None
    return None
