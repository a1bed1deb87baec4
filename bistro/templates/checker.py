"""`Checker`: finds what is wrong with templates before they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin  # Any: hints are types of every kind.

import jinja2
from jinja2 import nodes

from bistro.templates import faults
from bistro.templates.check_calls import MacroType
from bistro.templates.check_expressions import ExpressionChecker, LoopType, ModuleType
from bistro.templates.components import types_of_props
from bistro.templates.faults import Fault
from bistro.templates.hints import UNKNOWN, element_of, strip_optional
from bistro.templates.prop_types import UnknownType, read_type
from bistro.templates.references import constant_names
from bistro.templates.scope import Scope, present_if
from bistro.templates.source import Source

VARIANTS_MAX = 5
"""With how many different types of arguments a macro is looked at."""


class Checker(ExpressionChecker):
    """Checks templates, each with the contexts that it is rendered with."""

    _sources: dict[str, Source | None]
    _seen: set[Any]

    def check(self, template: str, context: Mapping[str, Any] | None = None) -> list[Fault]:
        """What is wrong with `template`, given names of such types; None where they are not known."""
        self.faults = faults.Faults()
        self._sources = {}
        self._seen = set()
        scope = Scope(context or {}, is_open=context is None)
        first = self._source(template, None, None)
        if first is not None:
            self._check_chain(first, scope)
        return self.faults.all()

    # --- finding templates --------------------------------------------------------------------------

    def _source(self, name: str, node: nodes.Node | None, by: Source | None) -> Source | None:
        """A template, or None where it is missing or can't be read; which is a fault at `node`."""
        if name in self._sources:
            return self._sources[name]
        try:
            source: Source | None = self.library.source(name)
        except jinja2.TemplateNotFound:
            if by is not None and node is not None:
                what, known = f"there is no template {name!r}", self.library.names()
                self.faults.add(faults.MISSING_TEMPLATE, by, node, name, what, known)
            return None
        except jinja2.TemplateSyntaxError as error:
            source = None
            self.faults.add_plainly(
                faults.UNREADABLE, error.filename or name, error.lineno, error.message or "it can't be read"
            )
        self._sources[name] = source
        return source

    def _check_chain(self, first: Source, scope: Scope) -> None:
        chain = [first]
        while chain[-1] is not None:
            extends = next(iter(chain[-1].extends), None)
            names = constant_names(extends.template) if extends is not None else None
            if extends is None or names is None:
                break
            parent = self._source(names[0], extends, chain[-1])
            if parent is None or parent in chain:
                break
            chain.append(parent)
        is_whole = not chain[-1].extends
        for position, source in enumerate(chain):
            parents = {block.name for each in chain[position + 1 :] for block in each.blocks}
            if position + 1 < len(chain) and is_whole:
                self._check_blocks(source, parents)
            self.body(source.tree.body, scope, source)

    def _check_blocks(self, source: Source, parents: set[str]) -> None:
        for node in source.tree.body:
            if isinstance(node, nodes.Block) and node.name not in parents:
                what = f"no template that this one extends has the block {node.name!r}: it is never shown"
                self.faults.add(faults.LOST_BLOCK, source, node, node.name, what, parents)

    # --- statements ---------------------------------------------------------------------------------

    def body(self, body: list[nodes.Node], scope: Scope, source: Source) -> None:
        """Check the statements of a body, one after the other."""
        for node in body:
            check: Callable[[Any, Scope, Source], None] | None = getattr(
                self, f"_check_{type(node).__name__.lower()}", None
            )
            if check is not None:
                check(node, scope, source)
            else:
                self.hint(node, scope, source)

    def _check_extends(self, node: nodes.Extends, scope: Scope, source: Source) -> None:
        if constant_names(node.template) is None:
            self.hint(node.template, scope, source)

    def _check_block(self, node: nodes.Block, scope: Scope, source: Source) -> None:
        self.body(node.body, scope.inner(), source)

    def _check_if(self, node: nodes.If, scope: Scope, source: Source) -> None:
        self.hint(node.test, scope, source)
        self.body(node.body, scope.knowing(present_if(node.test, holds=True)), source)
        rest = scope.knowing(present_if(node.test, holds=False))
        for branch in node.elif_:
            self.hint(branch.test, rest, source)
            self.body(branch.body, rest.knowing(present_if(branch.test, holds=True)), source)
            rest = rest.knowing(present_if(branch.test, holds=False))
        self.body(node.else_, rest, source)

    def _check_for(self, node: nodes.For, scope: Scope, source: Source) -> None:
        element = element_of(self.hint(node.iter, scope, source))
        inner = scope.inner({"loop": LoopType})
        self._assign(node.target, element, inner)
        if node.test is not None:
            self.hint(node.test, inner, source)
            inner = inner.knowing(present_if(node.test, holds=True))
        self.body(node.body, inner, source)
        self.body(node.else_, scope.inner(), source)

    def _assign(self, target: nodes.Node, hint: Any, scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope.assign(target.name, hint)
        elif isinstance(target, nodes.Tuple):
            plain, _ = strip_optional(hint)
            parts = get_args(plain) if get_origin(plain) is tuple else ()
            for position, each in enumerate(target.items):
                known = len(parts) == len(target.items) and ... not in parts
                self._assign(each, parts[position] if known else UNKNOWN, scope)

    def _check_assign(self, node: nodes.Assign, scope: Scope, source: Source) -> None:
        self._assign(node.target, self.hint(node.node, scope, source), scope)

    def _check_assignblock(self, node: nodes.AssignBlock, scope: Scope, source: Source) -> None:
        self.body(node.body, scope.inner(), source)
        self.hint(node.filter, scope, source)
        self._assign(node.target, UNKNOWN, scope)

    def _check_with(self, node: nodes.With, scope: Scope, source: Source) -> None:
        inner = scope.inner()
        for target, value in zip(node.targets, node.values, strict=True):
            self._assign(target, self.hint(value, scope, source), inner)
        self.body(node.body, inner, source)

    def _check_scope(self, node: nodes.Scope, scope: Scope, source: Source) -> None:
        self.body(node.body, scope.inner(), source)

    def _check_scopedevalcontextmodifier(
        self, node: nodes.ScopedEvalContextModifier, scope: Scope, source: Source
    ) -> None:
        self.body(node.body, scope.inner(), source)

    def _check_filterblock(self, node: nodes.FilterBlock, scope: Scope, source: Source) -> None:
        self.hint(node.filter, scope, source)
        self.body(node.body, scope.inner(), source)

    def _check_callblock(self, node: nodes.CallBlock, scope: Scope, source: Source) -> None:
        self.hint(node.call, scope, source)
        self.body(node.body, scope.inner({each.name: UNKNOWN for each in node.args}), source)

    def _check_include(self, node: nodes.Include, scope: Scope, source: Source) -> None:
        names = constant_names(node.template)
        if names is None:
            self.hint(node.template, scope, source)
            return
        known = [name for name in names if self.library.has(name)]
        if not known and not node.ignore_missing:
            self._source(names[0], node, source)
        for name in known[:1]:
            included = self._source(name, node, source)
            key = ("include", name, tuple(sorted((each, str(hint)) for each, hint in scope.names.items())))
            if included is not None and key not in self._seen:
                self._seen.add(key)
                inner = scope.inner() if node.with_context else Scope({})
                self._check_chain(included, inner)

    def _check_macro(self, node: nodes.Macro, scope: Scope, source: Source) -> None:
        scope.assign(node.name, MacroType(node, source, scope))
        self._check_macro_body(MacroType(node, source, scope), {}, "definition")

    def check_macro_call(self, macro: MacroType, hints: Mapping[str, Any]) -> None:
        """Look into a macro that is called with such arguments."""
        self._check_macro_body(macro, hints, str(sorted((name, str(hint)) for name, hint in hints.items())))

    def _check_macro_body(self, macro: MacroType, hints: Mapping[str, Any], key: str) -> None:
        if (id(macro.node), key) in self._seen:
            return
        count = sum(isinstance(each, tuple) and each[0] == id(macro.node) for each in self._seen)
        if count > VARIANTS_MAX:
            return
        self._seen.add((id(macro.node), key))
        types = types_of_props(macro.node) or {}
        known = {name: self._read_type(node, macro.source) for name, node in types.items()}
        parameters = {
            each.name: known.get(each.name, hints.get(each.name, UNKNOWN)) for each in macro.node.args
        }
        inner = macro.scope.inner(parameters)
        for default in macro.node.defaults:
            self.hint(default, inner, macro.source)
        self.body(macro.node.body, inner, macro.source)

    def _read_type(self, node: nodes.Expr, source: Source) -> Any:
        """The declared type of a prop; one that can't be found is a fault."""
        try:
            return read_type(node)
        except UnknownType as error:
            what = f"there is no type {error.name!r}"
            self.faults.add(faults.WRONG_COMPONENT, source, node, error.name.rpartition(".")[2], what)
            return UNKNOWN

    def _check_import(self, node: nodes.Import, scope: Scope, source: Source) -> None:
        names = constant_names(node.template)
        hint: Any = UNKNOWN
        if names is not None and (module := self._module(names[0], node, scope, source)) is not None:
            hint = ModuleType(names[0], module)
        scope.assign(node.target, hint)

    def _check_fromimport(self, node: nodes.FromImport, scope: Scope, source: Source) -> None:
        names = constant_names(node.template)
        module = self._module(names[0], node, scope, source) if names is not None else None
        for each in node.names:
            wanted, alias = each if isinstance(each, tuple) else (each, each)
            if module is not None and wanted not in module:
                what = f"the template {names[0] if names else ''!r} has no macro {wanted!r}"
                self.faults.add(faults.WRONG_MACRO, source, node, wanted, what, module)
            scope.assign(alias, UNKNOWN if module is None else module.get(wanted, UNKNOWN))

    def _module(
        self, name: str, node: nodes.Import | nodes.FromImport, scope: Scope, source: Source
    ) -> Mapping[str, Any] | None:
        imported = self._source(name, node, source)
        if imported is None:
            return None
        inner = scope.inner() if node.with_context else Scope({})
        before = dict(inner.names)
        self._check_chain(imported, inner)
        return {each: hint for each, hint in inner.names.items() if before.get(each, inner) is not hint}
