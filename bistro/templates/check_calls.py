"""Checks the calls of templates: of macros, of components, and of functions that know what they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes
from msgspec import Struct

from bistro.templates import faults
from bistro.templates.components import find_misuse, types_of_props
from bistro.templates.faults import Faults
from bistro.templates.hints import UNKNOWN
from bistro.templates.prop_types import describe, find_type, may_be
from bistro.templates.scope import Scope
from bistro.templates.source import Source
from bistro.templates.walk import find_all

CallCheck = Callable[[list[Any], list[str], bool], "str | None"]
"""Given the constant arguments, the names of the others and whether more may come; what is wrong, or None."""


class MacroType(Struct, frozen=True, eq=False):
    """The type of a macro."""

    node: nodes.Macro
    source: Source
    scope: Scope


class Call(Struct, frozen=True, eq=False):
    """A call, and what is known of the types of its arguments; `is_partial`: others come with a star."""

    node: nodes.Call
    source: Source
    given: list[Any]
    named: dict[str, Any]
    is_partial: bool


def check_function(name: str, check: CallCheck, call: Call, found: Faults) -> None:
    """Let `check` look at a call of the function `name`, if all that it would look at is constant."""
    arguments = call.node.args
    if not arguments or not all(isinstance(each, nodes.Const) for each in arguments):
        return
    constants = [each.value for each in arguments if isinstance(each, nodes.Const)]
    wrong = check(constants, [str(each) for each in call.named], call.is_partial)
    if wrong is not None:
        kind = faults.WRONG_URL if name == "url" else faults.WRONG_STATIC
        what, _, fix = wrong.partition("\n")
        found.add(kind, call.source, call.node, name, what, fix=fix)


def check_macro(macro: MacroType, call: Call, found: Faults) -> dict[str, Any]:
    """Check the arguments of a macro or a component; the types that its parameters have in this call."""
    types = types_of_props(macro.node)
    if types is not None and not call.given and not call.is_partial:
        _check_props(macro, types, call, found)
        return {}
    parameters = [each.name for each in macro.node.args]
    _check_arguments(macro, parameters, call, found)
    return {**dict(zip(parameters, call.given, strict=False)), **call.named}


def _check_arguments(macro: MacroType, parameters: list[str], call: Call, found: Faults) -> None:
    special = {each.name for each in find_all(macro.node, nodes.Name)} & {"kwargs", "varargs", "caller"}
    name, given = macro.node.name, len(call.given)
    if given > len(parameters) and "varargs" not in special:
        what = f"{name} takes {len(parameters)} arguments, and is given {given}"
        found.add(faults.WRONG_MACRO, call.source, call.node, name, what)
    for each in call.named:
        if each not in parameters and not special & {"kwargs"} and each != "caller":
            what = f"{name} has no argument {each!r}"
            found.add(faults.WRONG_MACRO, call.source, call.node, each, what, parameters)
    required = parameters[: len(parameters) - len(macro.node.defaults)]
    missing = [each for each in required[given:] if each not in call.named]
    if missing and not call.is_partial:
        what = f"{name} lacks the argument {missing[0]!r}"
        found.add(faults.WRONG_MACRO, call.source, call.node, name, what)


def _check_props(component: MacroType, types: Mapping[str, nodes.Expr], call: Call, found: Faults) -> None:
    misuse = find_misuse(component.node, [*call.named])
    if misuse is not None:
        what, word, meant = misuse
        fix = f"Did you mean {meant!r}?" if meant else ""
        found.add(faults.WRONG_COMPONENT, call.source, call.node, word, what, fix=fix)
    for name, hint in call.named.items():
        declared = find_type(types[name]) if name in types else UNKNOWN
        if not may_be(hint, declared):
            what = f"the prop {name!r} is {describe(declared)}, and is given {describe(hint)}"
            found.add(faults.WRONG_COMPONENT, call.source, call.node, name, what)
