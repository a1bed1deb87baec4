"""Loops: a plain `for`, with a counter where the template asks for one, or Jinja2's loop object."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, TypeGuard, get_args, get_origin  # Any: hints are types of every kind.

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from bistro.templates.frame import Frame
from bistro.templates.hints import COUNT, UNKNOWN, element_of, strip_optional
from bistro.templates.outputs import OutputWriter
from bistro.templates.python_tree import assign, at, call, compare, constant, for_, if_, name, target
from bistro.templates.walk import walk

COUNTED = frozenset(["index", "index0", "first", "cycle", "depth", "depth0"])
SIZED = frozenset(["last", "length", "revindex", "revindex0"])
LOOP_GOES_ON = (nodes.Include, nodes.CallBlock, nodes.Macro)
"""What may use `loop` in a place that is not seen here."""


class LoopCounter:
    """The attributes of `loop`, made from a counter and perhaps a length."""

    def __init__(self, frame: Frame, counter: str, length: str) -> None:
        self.frame = frame
        self._counter = counter
        self._length = length

    def attribute(self, wanted: str) -> tuple[ast.expr, Any] | None:
        """The expression for `loop.wanted`."""
        counter, length = name(self._counter), name(self._length)
        left: ast.expr = ast.BinOp(length, ast.Sub(), counter)
        made: dict[str, tuple[ast.expr, Any]] = {
            "index": (counter, COUNT),
            "index0": (ast.BinOp(counter, ast.Sub(), constant(1)), COUNT),
            "first": (compare(counter, ast.Eq(), constant(1)), bool),
            "last": (compare(counter, ast.Eq(), length), bool),
            "length": (length, COUNT),
            "revindex": (ast.BinOp(left, ast.Add(), constant(1)), COUNT),
            "revindex0": (left, COUNT),
            "depth": (constant(1), COUNT),
            "depth0": (constant(0), COUNT),
        }
        return made.get(wanted)


class LoopWriter(OutputWriter):
    """Writes loops."""

    def write_body(self, body: Sequence[nodes.Node], frame: Frame) -> list[ast.stmt]:
        """Statements for `body`; the statement writer has it."""
        raise NotImplementedError

    def enter(self, frame: Frame) -> list[ast.stmt]:
        """What a scope begins with; the statement writer has it."""
        raise NotImplementedError

    def write_for(self, node: nodes.For, frame: Frame) -> list[ast.stmt]:
        """Statements for a loop."""
        if node.recursive:
            raise self.unsupported("a recursive loop", node)
        body = [each for part in node.body for each in walk(part)]
        stored = (
            each
            for each in (*body, *walk(node.target))
            if isinstance(each, nodes.Name) and each.ctx == "store"
        )
        if any(each.name == "loop" for each in stored):
            raise self.unsupported("an assignment to `loop`", node)
        before, (over, hint) = self.guarded(node.iter, frame)
        inner = frame.inner()
        inner.loop = None
        uses = self._uses_of_loop(node, body)
        if uses is not None:
            inner.symbols.declare_parameter("loop")
        inner.symbols.analyze_node(node, for_branch="body")
        self._give_hints(node.target, element_of(hint), inner)
        if node.test is not None:
            over = self._tested(node, over, inner, frame, before)
        bound = self._target(node.target, inner)
        if uses is not None:
            is_plain = _is_plain_cycle(body)
            bound, over = self._counted(node, uses, bound, over, inner, before, is_plain)
        written = self.enter(inner) + self.write_body(node.body, inner)
        loop = at(for_(bound, over, written), node.lineno)
        if not node.else_:
            return [*before, loop]
        return [*before, *self._with_else(node, loop, frame)]

    def _with_else(self, node: nodes.For, loop: ast.For, frame: Frame) -> list[ast.stmt]:
        flag = self.unit.new_name("is_empty")
        otherwise = frame.inner()
        otherwise.symbols.analyze_node(node, for_branch="else")
        # At the end of each turn, as in Jinja2: a turn that `continue` cuts short does not count.
        loop.body.append(at(assign(flag, constant(False)), node.lineno))
        body = self.enter(otherwise) + self.write_body(node.else_, otherwise)
        return [
            at(assign(flag, constant(True)), node.lineno),
            loop,
            at(if_(name(flag), body), node.else_[0].lineno),
        ]

    def _uses_of_loop(self, node: nodes.For, body: Sequence[nodes.Node]) -> set[str] | None:
        """The attributes of `loop` that the body asks for, None if it never does; `*` for anything else."""
        scoped = any(isinstance(each, nodes.Block) and each.scoped for each in body)
        if not scoped and "loop" not in find_undeclared(node.iter_child_nodes(only=("body",)), ("loop",)):
            return None
        if scoped or any(isinstance(each, LOOP_GOES_ON) for each in body):
            return {"*"}
        names = sum(isinstance(each, nodes.Name) and each.name == "loop" for each in body)
        attributes = [each.attr for each in body if _is_of_loop(each)]
        return {*attributes} if len(attributes) == names else {"*"}

    def _counted(
        self,
        node: nodes.For,
        uses: set[str],
        bound: ast.expr,
        over: ast.expr,
        inner: Frame,
        before: list[ast.stmt],
        is_plain_cycle: bool,
    ) -> tuple[ast.expr, ast.expr]:
        if not uses <= COUNTED | SIZED or not is_plain_cycle:
            loop = target(inner.symbols.ref("loop"))
            context = call("LoopContext", over, name("new_undefined"))
            return ast.Tuple([bound, loop], ast.Store()), context
        counter = self.unit.new_name("counter")
        length = self.unit.new_name("length")
        if uses & SIZED:
            items = self.unit.new_name("items")
            before.append(at(assign(items, call("sized", over)), node.lineno))
            before.append(at(assign(length, call("len", name(items))), node.lineno))
            over = name(items)
        inner.loop = LoopCounter(inner, counter, length)
        numbered = call("enumerate", over, constant(1))
        return ast.Tuple([target(counter), bound], ast.Store()), numbered

    def _tested(
        self, node: nodes.For, over: ast.expr, inner: Frame, frame: Frame, before: list[ast.stmt]
    ) -> ast.expr:
        """A list of those items that pass the loop's own test."""
        assert node.test is not None
        test = frame.inner()
        test.symbols.analyze_node(node, for_branch="test")
        test.hints = inner.hints
        kept, item = self.unit.new_name("kept"), self.unit.new_name("item")
        keep = at(ast.Expr(call(ast.Attribute(name(kept), "append", ast.Load()), name(item))), node.lineno)
        body: list[ast.stmt] = [
            at(ast.Assign([self._target(node.target, test)], name(item)), node.lineno),
            *self.enter(test),
            at(if_(self.value(node.test, test), [keep]), node.lineno),
        ]
        before.append(at(assign(kept, ast.List([], ast.Load())), node.lineno))
        before.append(at(for_(target(item), over, body), node.lineno))
        return name(kept)

    def _target(self, node: nodes.Node, frame: Frame) -> ast.expr:
        if isinstance(node, nodes.Tuple):
            return ast.Tuple([self._target(each, frame) for each in node.items], ast.Store())
        if isinstance(node, nodes.Name):
            return target(frame.symbols.ref(node.name))
        raise self.unsupported("a loop over something else than names", node)

    def _give_hints(self, node: nodes.Node, hint: Any, frame: Frame) -> None:
        hint, _ = strip_optional(hint)
        if isinstance(node, nodes.Name):
            frame.hints[frame.symbols.ref(node.name)] = hint
        elif isinstance(node, nodes.Tuple):
            parts = get_args(hint) if get_origin(hint) is tuple else ()
            if len(parts) != len(node.items) or ... in parts:
                parts = (UNKNOWN,) * len(node.items)
            for each, part in zip(node.items, parts, strict=True):
                self._give_hints(each, part, frame)


def _is_of_loop(node: nodes.Node) -> TypeGuard[nodes.Getattr]:
    """Whether it is `loop.something`."""
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop"


def _is_plain_cycle(body: Sequence[nodes.Node]) -> bool:
    """Whether `loop.cycle`, if it occurs, is called with the values themselves."""
    used = [each for each in body if _is_of_loop(each) and each.attr == "cycle"]
    called = [
        each.node
        for each in body
        if isinstance(each, nodes.Call)
        and each.args
        and not each.kwargs
        and each.dyn_args is None
        and each.dyn_kwargs is None
    ]
    return all(any(each is one for one in called) for each in used)
