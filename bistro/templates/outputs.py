"""Output: neighbouring texts and values become one f-string.

How it works: a value is escaped as its class at run time asks for; a type hint only decides which
class is tested first. Where classes are known, attributes are read directly; should one not be
there after all (the hint was wrong, or a dict came instead), the statement is run again in the
careful way. That is done only for statements that call nothing, so that running twice changes nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeAlias

from jinja2 import nodes

from bistro.templates.calls import CallWriter
from bistro.templates.frame import Frame
from bistro.templates.hints import COUNT, UNKNOWN, strip_optional
from bistro.templates.names import Typed
from bistro.templates.python_tree import assign, at, call, choose, f_string, is_class, name, walrus
from bistro.templates.runtime import out, out_plain
from bistro.templates.walk import contains

Piece: TypeAlias = "str | ast.expr"

VALUE = "value"
"""The variable that holds a value while its class is looked at."""


class OutputWriter(CallWriter):
    """Writes what a template prints."""

    def write_output(self, items: Sequence[nodes.Expr], frame: Frame) -> list[ast.stmt]:
        """Statements that print `items`."""
        if not items:
            return []
        line = items[0].lineno
        self.was_direct = False
        self.is_optimistic = not any(is_impure(item) for item in items)
        written = self._append(items, frame)
        self.is_optimistic = False
        if not self.was_direct:
            return written
        careful = at(ast.ExceptHandler(name("AttributeError"), None, self._append(items, frame)), line)
        return [at(ast.Try(written, [careful], [], []), line)]

    def guarded(self, node: nodes.Node, frame: Frame) -> tuple[list[ast.stmt], Typed]:
        """The value of `node`, and statements that must stand before it to find it the quick way."""
        self.was_direct = False
        self.is_optimistic = not is_impure(node)
        value, hint = self.typed(node, frame)
        self.is_optimistic = False
        if not self.was_direct:
            return [], (value, hint)
        holder = self.unit.new_name("found")
        careful = at(assign(holder, self.value(node, frame)), node.lineno)
        handler = at(ast.ExceptHandler(name("AttributeError"), None, [careful]), node.lineno)
        quick = at(assign(holder, value), node.lineno)
        return [at(ast.Try([quick], [handler], [], []), node.lineno)], (name(holder), hint)

    def _append(self, items: Sequence[nodes.Expr], frame: Frame) -> list[ast.stmt]:
        pieces = [piece for item in items for piece in self._pieces(item, frame)]
        pieces = [piece for piece in pieces if piece != ""]
        if not pieces:
            return []
        if len(pieces) == 1 and is_text(pieces[0]):
            text = pieces[0]
            assert not isinstance(text, str)
            return [at(ast.Expr(call(frame.append, text)), items[0].lineno)]
        return [at(ast.Expr(call(frame.append, f_string(pieces))), items[0].lineno)]

    def _pieces(self, item: nodes.Expr, frame: Frame) -> list[Piece]:
        if isinstance(item, nodes.TemplateData):
            return [item.data]
        if isinstance(item, nodes.Const):
            return [out(item.value) if frame.is_escaped else out_plain(item.value)]
        if isinstance(item, nodes.Call):
            text = self.call_block_or_macro(item, frame)
            if text is not None:
                return [at(text, item.lineno)]
        value, hint = self.typed(item, frame)
        known = strip_optional(hint)[0]
        shown = self.printed(value, known, frame, may_be_number=known in (None, UNKNOWN))
        return [at(shown, item.lineno)]

    def printed(
        self, value: ast.expr, hint: object, frame: Frame, *, may_be_number: bool = False
    ) -> ast.expr:
        """`value` as it is printed: a text, or (by a hint, or where it may be) a number for an f-string."""
        if hint is COUNT:
            return value
        if isinstance(value, ast.Name):
            first: ast.expr = value
            again = name(value.id)
        else:
            first, again = walrus(VALUE, value), name(VALUE)
        if not frame.is_escaped:
            return choose(is_class(first, "str"), again, call("out_plain", again))
        if hint is int or hint is float:
            return choose(is_class(first, "int" if hint is int else "float"), again, call("out", again))
        other: ast.expr = call("out", again)
        if may_be_number:
            other = choose(is_class(again, "int"), again, other)
        return choose(is_class(first, "str"), call("escape_text", again), other)


def is_impure(node: nodes.Node) -> bool:
    """Whether evaluating it twice might make a difference."""
    return contains(node, nodes.Call)


def is_text(piece: Piece) -> bool:
    """Whether it is a `str` for certain, as what a macro gives."""
    return (
        isinstance(piece, ast.Call)
        and isinstance(piece.func, ast.Name)
        and piece.func.id.startswith("macro_")
    )
