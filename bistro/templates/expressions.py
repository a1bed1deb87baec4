"""From expressions of the template language to expressions of Python."""

from __future__ import annotations

import ast
from typing import Any  # Any: filters and functions are of every kind.

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.utils import _PassArg as PassArgument

from bistro.templates.frame import Frame, ModuleBinding
from bistro.templates.hints import UNKNOWN, class_of, item_of, members_of
from bistro.templates.names import NameWriter, Typed
from bistro.templates.python_tree import attribute, call, choose, constant, name

OPERATORS: dict[str, type[ast.operator]] = {
    "Add": ast.Add, "Sub": ast.Sub, "Mul": ast.Mult, "Div": ast.Div,
    "FloorDiv": ast.FloorDiv, "Mod": ast.Mod, "Pow": ast.Pow,
}  # fmt: skip
COMPARISONS: dict[str, type[ast.cmpop]] = {
    "eq": ast.Eq, "ne": ast.NotEq, "gt": ast.Gt, "gteq": ast.GtE,
    "lt": ast.Lt, "lteq": ast.LtE, "in": ast.In, "notin": ast.NotIn,
}  # fmt: skip
RESULTS: dict[str, Any] = {
    "count": int, "int": int, "length": int, "wordcount": int, "float": float, "round": float,
}  # fmt: skip


class ExpressionWriter(NameWriter):
    """Writes the expressions of one unit, but for calls."""

    def _write_name(self, node: nodes.Name, frame: Frame) -> Typed:
        local = self.local(node.name, frame)
        binding = self.find_binding(node.name, frame)
        if binding is not None:
            if isinstance(binding, ModuleBinding):
                raise self.unsupported(f"the module {node.name!r} is used as a value", node)
            return self.units.macro_object(binding), UNKNOWN
        if local is not None:
            return local, frame.find_hint(frame.symbols.ref(node.name))
        load = frame.symbols.find_load(frame.symbols.ref(node.name))
        assert load is None or load[0] == VAR_LOAD_RESOLVE
        return self.resolve(node.name), self.chain.hint(node.name)

    # --- literals and operators ---------------------------------------------------------------------

    def _write_const(self, node: nodes.Const, frame: Frame) -> Typed:
        return constant(node.value), type(node.value)

    def _write_templatedata(self, node: nodes.TemplateData, frame: Frame) -> Typed:
        text = constant(node.data)
        return (call("Markup", text) if frame.is_escaped else text), UNKNOWN

    def _write_tuple(self, node: nodes.Tuple, frame: Frame) -> Typed:
        return ast.Tuple([self.value(each, frame) for each in node.items], ast.Load()), tuple

    def _write_list(self, node: nodes.List, frame: Frame) -> Typed:
        return ast.List([self.value(each, frame) for each in node.items], ast.Load()), list

    def _write_dict(self, node: nodes.Dict, frame: Frame) -> Typed:
        keys: list[ast.expr | None] = [self.value(each.key, frame) for each in node.items]
        return ast.Dict(keys, [self.value(each.value, frame) for each in node.items]), dict

    def _write_binary(self, node: nodes.BinExpr, frame: Frame) -> Typed:
        operator = OPERATORS[type(node).__name__]()
        left, left_hint = self.typed(node.left, frame)
        right, right_hint = self.typed(node.right, frame)
        hint = left_hint if left_hint is right_hint and left_hint in (int, float, str) else UNKNOWN
        return ast.BinOp(left, operator, right), hint

    _write_add = _write_sub = _write_mul = _write_div = _write_binary
    _write_floordiv = _write_mod = _write_pow = _write_binary

    def _write_and(self, node: nodes.And, frame: Frame) -> Typed:
        return ast.BoolOp(ast.And(), [self.value(node.left, frame), self.value(node.right, frame)]), UNKNOWN

    def _write_or(self, node: nodes.Or, frame: Frame) -> Typed:
        return ast.BoolOp(ast.Or(), [self.value(node.left, frame), self.value(node.right, frame)]), UNKNOWN

    def _write_not(self, node: nodes.Not, frame: Frame) -> Typed:
        return ast.UnaryOp(ast.Not(), self.value(node.node, frame)), bool

    def _write_neg(self, node: nodes.Neg, frame: Frame) -> Typed:
        return ast.UnaryOp(ast.USub(), self.value(node.node, frame)), UNKNOWN

    def _write_pos(self, node: nodes.Pos, frame: Frame) -> Typed:
        return ast.UnaryOp(ast.UAdd(), self.value(node.node, frame)), UNKNOWN

    def _write_compare(self, node: nodes.Compare, frame: Frame) -> Typed:
        operators: list[ast.cmpop] = [COMPARISONS[each.op]() for each in node.ops]
        others = [self.value(each.expr, frame) for each in node.ops]
        return ast.Compare(self.value(node.expr, frame), operators, others), bool

    def _write_concat(self, node: nodes.Concat, frame: Frame) -> Typed:
        parts = ast.Tuple([self.value(each, frame) for each in node.nodes], ast.Load())
        return call("markup_join" if frame.is_escaped else "str_join", parts), UNKNOWN

    def _write_condexpr(self, node: nodes.CondExpr, frame: Frame) -> Typed:
        soft = frame.soft()
        test, (yes, hint) = self.value(node.test, soft), self.typed(node.expr1, soft)
        if node.expr2 is not None:
            no, other = self.typed(node.expr2, soft)
            return choose(test, yes, no), hint if hint is other else UNKNOWN
        text = (
            f"the inline if-expression on line {node.lineno} in {self.source.name!r}"
            " evaluated to false and no else section was defined."
        )
        return choose(test, yes, self.units.recipes.use("blank", text)), hint

    # --- attributes and items -----------------------------------------------------------------------

    def _write_getattr(self, node: nodes.Getattr, frame: Frame) -> Typed:
        if isinstance(node.node, nodes.Name):
            loop = self.loop_attribute(node.node.name, node.attr, frame)
            if loop is not None:
                return loop
            module = self.find_binding(node.node.name, frame)
            if isinstance(module, ModuleBinding):
                return self.units.macro_object(self.macro_of(module, node)), UNKNOWN
        value, hint = self.typed(node.node, frame)
        kind = class_of(hint)
        if kind is not None:
            self.units.reading.classes.add(kind)
        if kind is None or node.attr not in members_of(kind):
            return call("get_attribute", value, constant(node.attr)), UNKNOWN
        known = members_of(kind)[node.attr]
        if self.is_optimistic:
            self.was_direct = True
            return attribute(value, node.attr), known
        return call("get_attribute", value, constant(node.attr)), known

    def _write_getitem(self, node: nodes.Getitem, frame: Frame) -> Typed:
        value, hint = self.typed(node.node, frame)
        if isinstance(node.arg, nodes.Slice):
            parts = (node.arg.start, node.arg.stop, node.arg.step)
            return ast.Subscript(
                value, call("slice", *(self._part(each, frame) for each in parts)), ast.Load()
            ), hint
        return call("get_item", value, self.value(node.arg, frame)), item_of(hint)

    def _part(self, node: nodes.Expr | None, frame: Frame) -> ast.expr:
        return constant(None) if node is None else self.value(node, frame)

    # --- filters, tests and calls -------------------------------------------------------------------

    def _write_filter(self, node: nodes.Filter, frame: Frame) -> Typed:
        assert node.node is not None
        return self.filtered(self.value(node.node, frame), node, frame), RESULTS.get(node.name, UNKNOWN)

    def filtered(self, value: ast.expr, node: nodes.Filter, frame: Frame) -> ast.expr:
        """`value` given to the filter of `node`."""
        return self._apply("filter", value, node, frame)

    def _write_test(self, node: nodes.Test, frame: Frame) -> Typed:
        value = self.value(node.node, frame)
        is_plain = not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
        if is_plain and node.name in ("defined", "undefined") and self.units.is_built_in("test", node.name):
            is_undefined = call("isinstance", value, name("Undefined"))
            return (ast.UnaryOp(ast.Not(), is_undefined) if node.name == "defined" else is_undefined), bool
        return self._apply("test", value, node, frame), bool

    def _apply(self, kind: str, value: ast.expr, node: nodes.Filter | nodes.Test, frame: Frame) -> ast.expr:
        known = self.units.environment.filters if kind == "filter" else self.units.environment.tests
        function = known.get(node.name)
        if function is None:
            raise self.unsupported(f"there is no {kind} named {node.name!r}", node)
        arguments, keywords = self.arguments(node, frame)
        first = self.passed(function, frame, node, is_built_in=self.units.is_built_in(kind, node.name))
        return call(self.units.recipes.use(kind, node.name), *first, value, *arguments, keywords=keywords)

    def passed(self, function: Any, frame: Frame, node: nodes.Node, *, is_built_in: bool) -> list[ast.expr]:
        """What the function wants in front of its arguments."""
        wish = PassArgument.from_obj(function)
        escaped = "escaped" if frame.is_escaped else "plain"
        if wish is None:
            return []
        if wish is PassArgument.environment:
            return [name("environment")]
        if wish is PassArgument.eval_context:
            return [self.units.recipes.use("eval_context", escaped)]
        if not is_built_in:
            raise self.unsupported("a filter, test or function that is given the whole context", node)
        return [self.units.recipes.use("context", escaped)]

    def arguments(
        self, node: nodes.Call | nodes.Filter | nodes.Test, frame: Frame
    ) -> tuple[list[ast.expr], list[ast.keyword]]:
        """The arguments of a call, and those that have names."""
        arguments = [self.value(each, frame) for each in node.args]
        keywords = [ast.keyword(str(each.key), self.value(each.value, frame)) for each in node.kwargs]
        if node.dyn_args is not None:
            arguments.append(ast.Starred(self.value(node.dyn_args, frame), ast.Load()))
        if node.dyn_kwargs is not None:
            keywords.append(ast.keyword(None, self.value(node.dyn_kwargs, frame)))
        return arguments, keywords
