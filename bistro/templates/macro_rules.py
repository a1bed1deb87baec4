"""Which macros and imported templates can become plain functions."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame
from bistro.templates.unsupported import Unsupported
from bistro.templates.walk import contains, find_all


def takes_caller(node: nodes.Macro) -> bool:
    """Whether a macro prints the body that it is called with."""
    return "caller" in find_undeclared(node.body, ("caller",))


def check_macro(node: nodes.Macro, frame: Frame, chain: Chain) -> None:
    """Raise `Unsupported` for a macro that a function of its own can't stand for."""
    file = chain.sources[0].file
    special = find_undeclared(node.body, ("caller", "kwargs", "varargs"))
    names = find_all(node, nodes.Name)
    is_taken = any(each.name == "caller" and each.ctx != "load" for each in names)
    if special & {"kwargs", "varargs"} or is_taken:
        raise Unsupported(f"the macro {node.name!r} takes any arguments", file, node.lineno)
    if not frame.is_top and contains(node, nodes.Include):
        raise Unsupported(
            f"the macro {node.name!r} includes what sees the scope around it", file, node.lineno
        )
    parameters = {parameter.name for parameter in node.args}
    for each in names:
        owner = frame.find_owner(each.name)
        if owner is None or owner.is_top or each.name not in owner.symbols.stores or each.name in parameters:
            continue
        if each.name not in owner.bindings and each.name != node.name:
            reason = f"the macro {node.name!r} uses {each.name!r} of the scope around it"
            raise Unsupported(reason, file, node.lineno)


def keep_constant(node: nodes.Assign, chain: Chain) -> None:
    """Note what an imported template assigns. Raises `Unsupported` for more than a plain constant."""
    try:
        value = node.node.as_const() if isinstance(node.node, nodes.Expr) else ()
    except nodes.Impossible:
        value = ()
    is_plain = isinstance(value, (str, int, float, bool, type(None)))
    if not isinstance(node.target, nodes.Name) or not is_plain or node.target.name in chain.constants:
        reason = "an imported template that assigns more than constants"
        raise Unsupported(reason, chain.sources[0].file, node.lineno)
    chain.constants[node.target.name] = value
