"""What prints into a text of its own: `set` and `filter` with a body, and the body of a `call`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from bistro.templates.frame import Frame
from bistro.templates.hints import NOT_GIVEN, UNKNOWN
from bistro.templates.loops import LoopWriter
from bistro.templates.python_tree import assign, at, attribute, call, compare, constant, function, if_, name


class CaptureWriter(LoopWriter):
    """Writes what collects output."""

    def assign_to(self, node: nodes.Node, value: ast.expr, frame: Frame) -> list[ast.stmt]:
        """Statements that assign `value` to a target; the statement writer has it."""
        raise NotImplementedError

    def _collected(
        self, body: Sequence[nodes.Node], inner: Frame, line: int
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Statements that collect what `body` prints, and the expression for it as one text."""
        pieces = self.unit.new_name("pieces")
        inner.append = f"append_{pieces}"
        written = [
            at(assign(pieces, ast.List([], ast.Load())), line),
            at(assign(inner.append, attribute(name(pieces), "append")), line),
            *self.enter(inner),
            *self.write_body(body, inner),
        ]
        return written, call(attribute(constant(""), "join"), name(pieces))

    def _do_assignblock(self, node: nodes.AssignBlock, frame: Frame) -> list[ast.stmt]:
        inner = frame.inner()
        inner.is_silent = False
        inner.symbols.analyze_node(node)
        written, text = self._collected(node.body, inner, node.lineno)
        if node.filter is not None:
            text = self._filtered_text(node.filter, text, inner)
        value = call("Markup", text) if frame.is_escaped else text
        return [*written, *self.assign_to(node.target, value, frame)]

    def _do_filterblock(self, node: nodes.FilterBlock, frame: Frame) -> list[ast.stmt]:
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        written, text = self._collected(node.body, inner, node.lineno)
        value = self._filtered_text(node.filter, text, inner)
        shown = self.printed(value, None, frame)
        return [*written, at(ast.Expr(call(frame.append, shown)), node.lineno)]

    def _filtered_text(self, node: nodes.Filter, text: ast.expr, frame: Frame) -> ast.expr:
        """`text` through a chain of filters, whose innermost has nothing in front of it."""
        if node.node is not None:
            assert isinstance(node.node, nodes.Filter)
            text = self._filtered_text(node.node, text, frame)
            return self.filtered(text, node, frame)
        return self.filtered(call("Markup", text) if frame.is_escaped else text, node, frame)

    def _do_callblock(self, node: nodes.CallBlock, frame: Frame) -> list[ast.stmt]:
        binding = self.macro_called(node.call, frame)
        if find_undeclared(node.body, ("caller", "kwargs", "varargs")):
            raise self.unsupported("`caller`, `kwargs` or `varargs` in the body of a `call`", node)
        inner = frame.inner()
        inner.is_silent = False
        inner.symbols.analyze_node(node)
        body = self.unit.new_name("caller")
        if binding is not None:
            defined = self.write_function(body, node, inner, is_marked=False)
            printing = self.call_macro(binding, node.call, frame, caller=name(body), is_direct=True)
        else:
            # A function that is no macro prints what it likes with the body.
            defined = self.write_function(body, node, inner, is_marked=inner.is_escaped)
            text = self.printed(self._called_with(node.call, body, frame), None, frame)
            printing = call(frame.append, text)
        return [defined, at(ast.Expr(printing), node.lineno)]

    def _called_with(self, node: nodes.Call, body: str, frame: Frame) -> ast.expr:
        arguments, keywords = self.arguments(node, frame)
        keywords.append(ast.keyword("caller", name(body)))
        return call("call", self.value(node.node, frame), *arguments, keywords=keywords)

    def write_function(
        self, identifier: str, node: nodes.CallBlock, inner: Frame, *, is_marked: bool
    ) -> ast.stmt:
        """A function inside of this unit that gives what the body of a `call` prints."""
        inner.append = f"append_{identifier}"
        pieces = f"pieces_{identifier}"
        body: list[ast.stmt] = [
            at(assign(pieces, ast.List([], ast.Load())), node.lineno),
            at(assign(inner.append, attribute(name(pieces), "append")), node.lineno),
            *self.enter(inner),
            *self.write_defaults(node, inner),
            *self.write_body(node.body, inner),
        ]
        text: ast.expr = call(attribute(constant(""), "join"), name(pieces))
        body.append(at(ast.Return(call("Markup", text) if is_marked else text), node.lineno))
        parameters = [inner.symbols.ref(each.name) for each in node.args]
        made = at(function(identifier, parameters, body), node.lineno)
        made.args.defaults = [name("missing") for _ in parameters]
        return made

    def write_defaults(self, node: nodes.Macro | nodes.CallBlock, frame: Frame) -> list[ast.stmt]:
        """Give parameters that were left out their defaults; of most calls it is known which those are."""
        written: list[ast.stmt] = []
        required = len(node.args) - len(node.defaults)
        for position, parameter in enumerate(node.args):
            variable = frame.symbols.ref(parameter.name)
            given = frame.hints.get(variable)
            if given is not None and given is not NOT_GIVEN:
                continue
            if position >= required:
                value, hint = self.typed(node.defaults[position - required], frame)
            else:
                text = f"parameter {parameter.name!r} was not provided"
                value, hint = self.units.recipes.use("hint", parameter.name, text), UNKNOWN
            default = at(assign(variable, value), node.lineno)
            if given is NOT_GIVEN:
                frame.hints[variable] = hint
                written.append(default)
            else:
                is_missing = compare(name(variable), ast.Is(), name("missing"))
                written.append(at(if_(is_missing, [default]), node.lineno))
        return written
