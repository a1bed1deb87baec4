"""From statements of the template language to statements of Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any  # Any: each writer takes a node of its own kind.

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_ALIAS, VAR_LOAD_PARAMETER, VAR_LOAD_RESOLVE

from bistro.templates.frame import Frame
from bistro.templates.python_tree import (
    assign,
    at,
    call,
    constant,
    if_,
    name,
    target,
)
from bistro.templates.references import ReferenceWriter


class StatementWriter(ReferenceWriter):
    """Writes the body of one unit."""

    def write_body(self, body: Sequence[nodes.Node], frame: Frame) -> list[ast.stmt]:
        """Statements for `body`; outputs that stand next to each other are printed together."""
        written: list[ast.stmt] = []
        waiting: list[nodes.Expr] = []
        for node in body:
            if isinstance(node, nodes.Output):
                if not frame.is_silent:
                    waiting += self._split(node, frame, waiting, written)
                continue
            written += self.write_output(waiting, frame)
            waiting = []
            written += self._statement(node, frame)
        return written + self.write_output(waiting, frame)

    def _split(
        self, node: nodes.Output, frame: Frame, waiting: list[nodes.Expr], written: list[ast.stmt]
    ) -> list[nodes.Expr]:
        """What of `node` may wait; `super()` and macros print at once, so that nothing is collected first."""
        rest: list[nodes.Expr] = []
        for item in node.nodes:
            is_super = _is_super(item) and frame.block is not None and not frame.is_stored("super")
            binding = self.macro_called(item, frame) if isinstance(item, nodes.Call) else None
            if not isinstance(item, nodes.Call) or not (is_super or binding):
                rest.append(item)
                continue
            written += self.write_output([*waiting, *rest], frame)
            waiting.clear()
            rest = []
            if binding is not None and not is_super:
                printing = self.call_macro(binding, item, frame, is_direct=True)
            else:
                printing = self.super_call(item, frame)
            written.append(at(ast.Expr(printing), item.lineno))
        return rest

    def _statement(self, node: nodes.Node, frame: Frame) -> list[ast.stmt]:
        kind = type(node).__name__
        write: Callable[[Any, Frame], list[ast.stmt]] | None = getattr(self, f"_do_{kind.lower()}", None)
        if write is None:
            raise self.unsupported(f"the statement {kind}", node)
        return [at(each, node.lineno) if not hasattr(each, "lineno") else each for each in write(node, frame)]

    def enter(self, frame: Frame) -> list[ast.stmt]:
        """Give the variables of a scope the values that they begin with."""
        written: list[ast.stmt] = []
        stored = {frame.symbols.refs[each] for each in frame.symbols.stores if each in frame.symbols.refs}
        for variable, (load, parameter) in frame.symbols.loads.items():
            if variable not in stored or load == VAR_LOAD_PARAMETER:
                continue
            if load == VAR_LOAD_RESOLVE:
                written.append(assign(variable, self.resolve(parameter)))
                frame.assigned.add(variable)
            elif load == VAR_LOAD_ALIAS:
                identifier = next(each for each, ref in frame.symbols.refs.items() if ref == variable)
                written.append(assign(variable, self._outer_value(identifier, parameter, frame)))
            else:
                written.append(assign(variable, name("missing")))
        return [at(each, 1) for each in written]

    def _outer_value(self, identifier: str, variable: str, frame: Frame) -> ast.expr:
        outer = frame.parent
        assert outer is not None
        return name(variable) if outer.is_stored(identifier) else self.resolve(identifier)

    # --- plain statements ---------------------------------------------------------------------------

    def _do_for(self, node: nodes.For, frame: Frame) -> list[ast.stmt]:
        return self.write_for(node, frame)

    def _do_if(self, node: nodes.If, frame: Frame) -> list[ast.stmt]:
        soft = frame.soft()
        otherwise: list[ast.stmt] = self.write_body(node.else_, frame.soft()) if node.else_ else []
        for branch in reversed(node.elif_):
            before, (test, _) = self.guarded(branch.test, soft)
            body = self.write_body(branch.body, frame.soft())
            otherwise = [*before, at(if_(test, body, otherwise), branch.lineno)]
        before, (test, _) = self.guarded(node.test, soft)
        body = self.write_body(node.body, frame.soft())
        return [*before, if_(test, body, otherwise)]

    def _do_exprstmt(self, node: nodes.ExprStmt, frame: Frame) -> list[ast.stmt]:
        return [ast.Expr(self.value(node.node, frame))]

    def _do_continue(self, node: nodes.Continue, frame: Frame) -> list[ast.stmt]:
        return [ast.Continue()]

    def _do_break(self, node: nodes.Break, frame: Frame) -> list[ast.stmt]:
        return [ast.Break()]

    def _do_with(self, node: nodes.With, frame: Frame) -> list[ast.stmt]:
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        values = [self.value(each, frame) for each in node.values]
        written = self.enter(inner)
        holders = [self.unit.new_name("with") for _ in values]
        # All values first: none of them sees the names that stand beside it.
        before = [
            at(assign(holder, value), node.lineno) for holder, value in zip(holders, values, strict=True)
        ]
        for each, holder in zip(node.targets, holders, strict=True):
            written += self.assign_to(each, name(holder), inner)
        return [*before, *written, *self.write_body(node.body, inner)]

    def _do_scope(self, node: nodes.Scope, frame: Frame) -> list[ast.stmt]:
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        return self.enter(inner) + self.write_body(node.body, inner)

    def _do_scopedevalcontextmodifier(
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> list[ast.stmt]:
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        for each in node.options:
            if each.key != "autoescape" or not isinstance(each.value, nodes.Const):
                raise self.unsupported("an `autoescape` that is decided at run time", node)
            inner.is_escaped = bool(each.value.value)
        if node.find(nodes.Block) is not None:
            # Its own output is not changed by this, but what the macros that it calls give is.
            raise self.unsupported("a block within `autoescape`", node)
        return self.enter(inner) + self.write_body(node.body, inner)

    def _do_assign(self, node: nodes.Assign, frame: Frame) -> list[ast.stmt]:
        value, hint = self.typed(node.node, frame)
        written = self.assign_to(node.target, value, frame)
        if isinstance(node.target, nodes.Name) and not frame.is_soft:
            frame.hints[frame.symbols.ref(node.target.name)] = hint
        return written

    def assign_to(self, node: nodes.Node, value: ast.expr, frame: Frame) -> list[ast.stmt]:
        """Statements that assign `value` to a name, several names, or an attribute of a `namespace()`."""
        if isinstance(node, nodes.NSRef):
            space = self.value(nodes.Name(node.name, "load", lineno=node.lineno), frame)
            return [ast.Expr(call("set_attribute", space, constant(node.attr), value))]
        if isinstance(node, nodes.Name):
            return [self._store([node.name], value, frame, node)]
        if isinstance(node, nodes.Tuple):
            return self._assign_several(node, value, frame)
        raise self.unsupported("an assignment to something else than names", node)

    def _assign_several(self, node: nodes.Tuple, value: ast.expr, frame: Frame) -> list[ast.stmt]:
        holders = [self.unit.new_name("part") for _ in node.items]
        written: list[ast.stmt] = [
            at(ast.Assign([ast.Tuple([target(each) for each in holders], ast.Store())], value), node.lineno)
        ]
        for each, holder in zip(node.items, holders, strict=True):
            written += self.assign_to(each, name(holder), frame)
        return [at(each, node.lineno) for each in written]

    def _store(self, names: list[str], value: ast.expr, frame: Frame, node: nodes.Node) -> ast.stmt:
        (identifier,) = names
        if frame.find_binding(identifier) is not None and frame.is_stored(identifier):
            raise self.unsupported(f"{identifier!r} is a macro or module, and assigned to", node)
        variable = frame.symbols.ref(identifier)
        frame.assigned.add(variable)
        frame.hints.pop(variable, None)
        targets = [variable]
        if frame.is_top and not self.chain.is_isolated:
            # Blocks, includes and parents see it from now on.
            targets.append(self.unit.need(f"c_{identifier}").id)
        elif frame.is_top:
            raise self.unsupported("an imported template that assigns names", node)
        return at(assign(targets, value), node.lineno)


def _is_super(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "super"
