"""Checks the expressions of templates, and finds out their types on the way."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin, get_type_hints  # Any: hints are types of every kind.

from jinja2 import nodes
from msgspec import Struct

from bistro.ground.text import did_you_mean
from bistro.templates import faults
from bistro.templates.check_calls import Call, CallCheck, MacroType, check_function, check_macro
from bistro.templates.faults import Faults
from bistro.templates.hints import UNKNOWN, class_of, item_of, member_of, members_of, strip_optional
from bistro.templates.library import Library
from bistro.templates.loading import loaded_of, mark
from bistro.templates.scope import Scope, path_of, present_if
from bistro.templates.source import Source

LOOP = ("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0",
        "previtem", "nextitem", "cycle", "changed")  # fmt: skip
FORGIVING = ("default", "d")
RESULTS: Mapping[str, Any] = {
    "upper": str, "lower": str, "title": str, "capitalize": str, "trim": str, "length": int, "count": int,
    "int": int, "float": float, "join": str, "string": str, "escape": str, "e": str,
}  # fmt: skip
SAME = ("sort", "reverse", "unique", "list", "select", "reject", "selectattr", "rejectattr", "safe")


class LoopType:
    """The type of `loop`."""


class ModuleType(Struct, frozen=True):
    """The type of an imported template."""

    name: str
    macros: Mapping[str, Any]


class ExpressionChecker:
    """Checks expressions; the class above it checks statements."""

    def __init__(
        self,
        library: Library,
        names: Mapping[str, Any],
        call_checks: Mapping[str, CallCheck] | None = None,
    ) -> None:
        """`names` are there in every template; `call_checks` look at calls of some of them."""
        self.library = library
        self.environment = library.environment
        self.names = {**dict.fromkeys(self.environment.globals, UNKNOWN), **names}
        self.faults = Faults()
        self._call_checks = call_checks or {}

    def check_macro_call(self, macro: MacroType, hints: Mapping[str, Any]) -> None:
        """Look into a macro that is called with such arguments; the statement checker has it."""
        raise NotImplementedError

    def hint(self, node: nodes.Node | None, scope: Scope, source: Source) -> Any:
        """Check `node`, and give what is known of its type."""
        if node is None:
            return UNKNOWN
        check: Callable[[Any, Scope, Source], Any] | None = getattr(
            self, f"_hint_{type(node).__name__.lower()}", None
        )
        if check is not None:
            return check(node, scope, source)
        for child in node.iter_child_nodes():
            self.hint(child, scope, source)
        return UNKNOWN

    def _hint_const(self, node: nodes.Const, scope: Scope, source: Source) -> Any:
        return type(node.value)

    def _hint_name(self, node: nodes.Name, scope: Scope, source: Source) -> Any:
        if node.name in scope.names:
            return scope.names[node.name]
        if node.name in self.names:
            return self.names[node.name]
        if not scope.is_open and node.name not in ("self", "super", "caller", "varargs", "kwargs"):
            known = [*scope.names, *self.names]
            self.faults.add(
                faults.UNKNOWN_NAME, source, node, node.name, f"there is no name {node.name!r} here", known
            )
        return UNKNOWN

    # --- attributes ---------------------------------------------------------------------------------

    def _hint_getattr(self, node: nodes.Getattr, scope: Scope, source: Source) -> Any:
        hint = self.hint(node.node, scope, source)
        if hint is LoopType:
            self._check_known(node, LOOP, "loop", source)
            return int if node.attr in ("index", "index0", "length") else UNKNOWN
        if isinstance(hint, ModuleType):
            if node.attr not in hint.macros:
                what = f"the template {hint.name!r} has no macro {node.attr!r}"
                self.faults.add(faults.WRONG_MACRO, source, node, node.attr, what, hint.macros)
            return hint.macros.get(node.attr, UNKNOWN)
        loaded = loaded_of(hint)
        hint, may_be_none = strip_optional(hint)
        path = path_of(node.node)
        if may_be_none and path is not None and path not in scope.present:
            what = f"{path} may be None here, and is asked for {node.attr!r}"
            self.faults.add(faults.MAY_BE_NONE, source, node, node.attr, what)
        found = self._member(hint, node, path, source)
        if loaded is None or node.attr not in loaded.relations:
            return found
        if node.attr in loaded.loaded:
            return mark(found, loaded.loaded[node.attr])
        what = f"{path or '…'}.{node.attr} is not loaded by the query in {loaded.place}"
        fix = f"Add .load({hint.__name__}.{node.attr}) to the query."
        self.faults.add(faults.NOT_LOADED, source, node, node.attr, what, fix=fix)
        return UNKNOWN

    def _member(self, hint: Any, node: nodes.Getattr, path: str | None, source: Source) -> Any:
        kind = get_origin(hint) or hint
        if isinstance(kind, type) and typing.is_typeddict(kind):
            known = get_type_hints(kind)
            if node.attr not in known and not hasattr(dict, node.attr):
                self._no_attribute(node, path, kind.__name__, known, source)
            return known.get(node.attr, UNKNOWN)
        if kind in (str, int, float, bool, list, tuple, set):
            if not hasattr(kind, node.attr):
                self._no_attribute(node, path, kind.__name__, dir(kind), source)
            return UNKNOWN
        if kind is dict and node.attr == "items" and get_args(hint):
            return ("items", hint)
        known_class = class_of(hint)
        if known_class is None:
            return UNKNOWN
        members = members_of(known_class)
        if node.attr not in members and not hasattr(known_class, node.attr):
            self._no_attribute(node, path, known_class.__name__, members, source)
        return member_of(hint, node.attr)

    def _no_attribute(
        self, node: nodes.Getattr, path: str | None, kind: str, known: Any, source: Source
    ) -> None:
        shown = f"{path}.{node.attr}: " if path else ""
        what = f"{shown}{kind} has no {node.attr!r}"
        self.faults.add(faults.UNKNOWN_ATTRIBUTE, source, node, node.attr, what, known)

    def _check_known(self, node: nodes.Getattr, known: tuple[str, ...], owner: str, source: Source) -> None:
        if node.attr not in known:
            what = f"{owner} has no {node.attr!r}"
            self.faults.add(faults.UNKNOWN_ATTRIBUTE, source, node, node.attr, what, known)

    def _hint_getitem(self, node: nodes.Getitem, scope: Scope, source: Source) -> Any:
        hint = self.hint(node.node, scope, source)
        self.hint(node.arg, scope, source)
        if isinstance(node.arg, nodes.Slice):
            return hint
        kind, _ = strip_optional(hint)
        if isinstance(kind, type) and typing.is_typeddict(kind) and isinstance(node.arg, nodes.Const):
            key, known = node.arg.value, get_type_hints(kind)
            if isinstance(key, str) and key not in known:
                what = f"{kind.__name__} has no {key!r}"
                self.faults.add(faults.UNKNOWN_ATTRIBUTE, source, node, key, what, known)
            return known.get(key, UNKNOWN)
        return item_of(hint)

    # --- operators ----------------------------------------------------------------------------------

    def _hint_and(self, node: nodes.And, scope: Scope, source: Source) -> Any:
        self.hint(node.left, scope, source)
        return self.hint(node.right, scope.knowing(present_if(node.left, holds=True)), source)

    def _hint_or(self, node: nodes.Or, scope: Scope, source: Source) -> Any:
        left, _ = strip_optional(self.hint(node.left, scope, source))
        right = self.hint(node.right, scope.knowing(present_if(node.left, holds=False)), source)
        return left if left == right else UNKNOWN

    def _hint_condexpr(self, node: nodes.CondExpr, scope: Scope, source: Source) -> Any:
        self.hint(node.test, scope, source)
        yes = self.hint(node.expr1, scope.knowing(present_if(node.test, holds=True)), source)
        no = self.hint(node.expr2, scope.knowing(present_if(node.test, holds=False)), source)
        return yes if yes == no else UNKNOWN

    def _hint_test(self, node: nodes.Test, scope: Scope, source: Source) -> Any:
        if node.name not in self.environment.tests:
            what = f"there is no test {node.name!r}"
            self.faults.add(faults.UNKNOWN_TEST, source, node, node.name, what, self.environment.tests)
        asks_if_there = node.name in ("defined", "undefined")
        self.hint(node.node, self._forgiving(scope) if asks_if_there else scope, source)
        for each in node.args:
            self.hint(each, scope, source)
        return bool

    def _hint_filter(self, node: nodes.Filter, scope: Scope, source: Source) -> Any:
        if node.name not in self.environment.filters:
            known = self.environment.filters
            own = f'Correct the name, or register your own: @app.template_filter("{node.name}").'
            fix = "" if did_you_mean(node.name, known) else own
            what = f"there is no filter {node.name!r}"
            self.faults.add(faults.UNKNOWN_FILTER, source, node, node.name, what, known, fix)
        hint = self.hint(node.node, self._forgiving(scope) if node.name in FORGIVING else scope, source)
        for child in (*node.args, *node.kwargs):
            self.hint(child, scope, source)
        if node.name in ("first", "last", "random"):
            return item_of(hint)
        return hint if node.name in SAME else RESULTS.get(node.name, UNKNOWN)

    @staticmethod
    def _forgiving(scope: Scope) -> Scope:
        made = scope.knowing(frozenset())
        made.is_open = True
        return made

    # --- calls --------------------------------------------------------------------------------------

    def _hint_call(self, node: nodes.Call, scope: Scope, source: Source) -> Any:
        called = self.hint(node.node, scope, source)
        given = [self.hint(each, scope, source) for each in node.args]
        named = {each.key: self.hint(each.value, scope, source) for each in node.kwargs}
        is_partial = node.dyn_args is not None or node.dyn_kwargs is not None
        self.hint(node.dyn_args, scope, source)
        self.hint(node.dyn_kwargs, scope, source)
        call = Call(node, source, given, named, is_partial)
        if isinstance(called, MacroType):
            self.check_macro_call(called, check_macro(called, call, self.faults))
            return str
        if isinstance(called, tuple) and called[0] == "items":
            key, value = get_args(called[1])
            return list[tuple[key, value]]  # type: ignore[valid-type]  # made at run time
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name in self._call_checks and name not in scope.names:
            check_function(name, self._call_checks[name], call, self.faults)
        return UNKNOWN
