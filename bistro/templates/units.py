"""`Units`: every function of one program, each made when something first calls it."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any  # Any: hints are types of every kind.

from jinja2 import Environment, nodes
from jinja2.compiler import find_undeclared
from jinja2.filters import FILTERS
from jinja2.idtracking import Symbols
from jinja2.tests import TESTS

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame, MacroBinding
from bistro.templates.hints import UNKNOWN
from bistro.templates.python_tree import assign, at, attribute, call, compare, constant, if_, name
from bistro.templates.recipes import Recipes
from bistro.templates.source import Source, read_source
from bistro.templates.statements import StatementWriter
from bistro.templates.unit import Unit, complete_calls
from bistro.templates.unsupported import Unsupported

VARIANTS_MAX = 4
"""How many functions one macro may become, for arguments of different types."""
UNITS_MAX = 2_000
"""A program of more functions is left to stock Jinja2, which makes none for each include."""

SETTING = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport, nodes.Extends)


class Units:
    """Makes the functions of one program."""

    def __init__(
        self, environment: Environment, made_names: Collection[str], known: Mapping[str, Source]
    ) -> None:
        self.environment = environment
        self.made_names = frozenset(made_names)
        self.recipes = Recipes()
        self.all: list[Unit] = []
        self.sources: dict[str, Source] = {}
        self._known = known
        self._queue: deque[Callable[[], None]] = deque()
        self._by_key: dict[Any, Unit] = {}
        self._variants: dict[MacroBinding, list[tuple[Any, ...]]] = {}
        self._chains: list[Chain] = []
        self._objects: list[tuple[Unit, MacroBinding]] = []

    # --- what the program begins with ---------------------------------------------------------------

    def chain(self, template: str, **options: Any) -> Chain:
        """The template and its parents. Raises `Unsupported` where they go round in a circle."""
        sources: list[Source] = []
        wanted: str | None = template
        while wanted is not None:
            source = self.source(wanted)
            if source in sources:
                raise Unsupported(f"the template {wanted!r} extends itself", source.file, 1)
            sources.append(source)
            parent = source.find_parent()
            wanted = parent[0] if parent else None
        made = Chain(sources, **options)
        self._chains.append(made)
        return made

    def source(self, template: str) -> Source:
        """A template as it was read, once for the whole program."""
        if template not in self.sources:
            known = self._known.get(template)
            self.sources[template] = known or read_source(self.environment, template)
        return self.sources[template]

    def finish(self) -> None:
        """Write everything that was asked for, and complete the calls."""
        while self._queue:
            self._queue.popleft()()
            if len(self.all) > UNITS_MAX:
                raise Unsupported(f"it needs more than {UNITS_MAX} functions")
        complete_calls(self.all)
        for unit, binding in self._objects:
            if unit.needs:
                reason = f"the macro {binding.node.name!r} is used as a value, and needs the context"
                raise Unsupported(reason, binding.source.file, binding.node.lineno)
        for chain in self._chains:
            for identifier in chain.bindings:
                if any(f"c_{identifier}" in unit.needs for unit in self.all):
                    raise Unsupported(f"the macro or module {identifier!r} is used before it is defined")

    # --- the kinds of units -------------------------------------------------------------------------

    def root(self, chain: Chain, index: int = 0, *, only_block: str | None = None) -> Unit:
        """What writes a template of the chain from its top; with `only_block`, no more than that block."""
        return self._unit(
            ("root", chain, index, only_block),
            chain.sources[index],
            1,
            lambda unit: self._write_root(unit, chain, index, only_block),
        )

    def block(self, chain: Chain, identifier: str, depth: int) -> Unit:
        """What writes a block as the template `depth` places up has it."""
        source, node = chain.blocks[identifier][depth]
        return self._unit(
            ("block", chain, identifier, depth),
            source,
            node.lineno,
            lambda unit: self._write_block(unit, chain, identifier, depth),
        )

    def included(self, template: str, chain: Chain, frame: Frame, *, is_isolated: bool) -> Unit:
        """What writes an included template, which sees what is visible in `frame`."""
        visible = self._visible(frame)
        key = (template, is_isolated, frozenset(visible))
        inside: Chain | None = chain
        while inside is not None:
            if inside.included_as == key:  # it includes itself, directly or not
                return self.root(inside)
            inside = inside.outer_chain
        known = self._by_key.get(("include", chain, *key))
        if known is None:
            hints = {each: frame.find_hint(frame.symbols.ref(each)) for each in visible}
            inner = self.chain(
                template,
                hints={each: UNKNOWN if hint is None else hint for each, hint in hints.items()},
                outer=None if is_isolated else frame,
                outer_chain=chain,
                is_isolated=is_isolated,
            )
            inner.included_as = key
            known = self._by_key["include", chain, *key] = self.root(inner)
        return known

    @staticmethod
    def _visible(frame: Frame) -> set[str]:
        names: set[str] = set()
        symbols: Symbols | None = frame.symbols
        while symbols is not None:
            names |= {each for each in symbols.stores if symbols.find_ref(each)}
            symbols = symbols.parent
        return names

    def macro(self, binding: MacroBinding, hints: tuple[Any, ...]) -> tuple[Unit, bool]:
        """What gives the text of a macro for arguments of such types, and whether it takes a caller."""
        variants = self._variants.setdefault(binding, [])
        if hints not in variants:
            if len(variants) >= VARIANTS_MAX:
                hints = (UNKNOWN,) * len(hints)
            else:
                variants.append(hints)
        takes_caller = "caller" in find_undeclared(binding.node.body, ("caller",))
        number = variants.index(hints) if hints in variants else VARIANTS_MAX
        unit = self._unit(
            ("macro", binding, number),
            binding.source,
            binding.node.lineno,
            lambda unit: self._write_macro(unit, binding, hints),
        )
        return unit, takes_caller

    def imported(self, template: str, *, with_context: bool) -> Mapping[str, MacroBinding]:
        """The macros of an imported template by name."""
        chain = self.chain(template, is_isolated=not with_context)
        (source,) = chain.sources if len(chain.sources) == 1 else (None,)
        if source is None:
            raise Unsupported(f"the imported template {template!r} extends another")
        unit = Unit("import", source.file, 1, [])
        writer = StatementWriter(self, chain, unit, source)
        frame = self._top_frame(chain, source)
        macros: dict[str, MacroBinding] = {}
        for node in source.tree.body:
            if isinstance(node, nodes.Output):
                continue
            if isinstance(node, nodes.Assign):
                self._keep_constant(node, chain)
            elif isinstance(node, (nodes.Macro, nodes.Import, nodes.FromImport)):
                writer.write_body([node], frame)
                if isinstance(node, nodes.Macro) and not node.name.startswith("_"):
                    found = chain.bindings[node.name]
                    assert isinstance(found, MacroBinding)
                    macros[node.name] = found
            else:
                reason = f"the imported template {template!r} does more than define macros"
                raise Unsupported(reason, source.file, node.lineno)
        return macros

    @staticmethod
    def _keep_constant(node: nodes.Assign, chain: Chain) -> None:
        source = chain.sources[0]
        try:
            value = node.node.as_const() if isinstance(node.node, nodes.Expr) else ()
        except nodes.Impossible:
            value = ()
        is_plain = isinstance(value, (str, int, float, bool, type(None)))
        if not isinstance(node.target, nodes.Name) or not is_plain or node.target.name in chain.constants:
            raise Unsupported(
                "an imported template that assigns more than constants", source.file, node.lineno
            )
        chain.constants[node.target.name] = value

    def macro_object(self, binding: MacroBinding) -> ast.expr:
        """A macro as a value, for what does not call it by its name."""
        node = binding.node
        unit, takes_caller = self.macro(binding, (UNKNOWN,) * len(node.args))
        self._objects.append((unit, binding))
        return self.recipes.use(
            "macro",
            unit.identifier,
            node.name,
            ",".join(each.name for each in node.args),
            "caller" if takes_caller else "",
            "escaped" if binding.frame.is_escaped else "plain",
        )

    def check_macro(self, node: nodes.Macro, frame: Frame, chain: Chain) -> None:
        """Raise `Unsupported` for a macro that a function of its own can't stand for."""
        file = chain.sources[0].file
        special = find_undeclared(node.body, ("caller", "kwargs", "varargs"))
        is_taken = any(each.name == "caller" and each.ctx != "load" for each in node.find_all(nodes.Name))
        if special & {"kwargs", "varargs"} or is_taken:
            raise Unsupported(f"the macro {node.name!r} takes any arguments", file, node.lineno)
        if not frame.is_top and any(True for _ in node.find_all(nodes.Include)):
            raise Unsupported(
                f"the macro {node.name!r} includes what sees the scope around it", file, node.lineno
            )
        for each in node.find_all(nodes.Name):
            owner = frame.find_owner(each.name)
            is_inner = owner is not None and not owner.is_top and each.name in owner.symbols.stores
            if is_inner and each.name not in {parameter.name for parameter in node.args}:
                assert owner is not None
                if each.name not in owner.bindings and each.name != node.name:
                    reason = f"the macro {node.name!r} uses {each.name!r} of the scope around it"
                    raise Unsupported(reason, file, node.lineno)

    # --- what names stand for -------------------------------------------------------------------------

    def default(self, identifier: str) -> ast.expr:
        """What a name stands for that the context does not have."""
        if identifier in self.made_names:
            return name("missing")
        if identifier in self.environment.globals:
            return self.recipes.use("global", identifier)
        return self.recipes.use("undefined", identifier)

    def is_built_in(self, kind: str, identifier: str) -> bool:
        """Whether a filter or test is Jinja2's own."""
        if kind == "test":
            return self.environment.tests.get(identifier) is TESTS.get(identifier)
        return self.environment.filters.get(identifier) is FILTERS.get(identifier)

    # --- writing --------------------------------------------------------------------------------------

    def _unit(self, key: tuple[Any, ...], source: Source, line: int, write: Callable[[Unit], None]) -> Unit:
        if key not in self._by_key:
            unit = Unit(self._identifier(key), source.file, line, ["append"] if key[0] != "macro" else [])
            self.all.append(unit)
            self._by_key[key] = unit
            self._queue.append(lambda: write(unit))
        return self._by_key[key]

    def _identifier(self, key: tuple[Any, ...]) -> str:
        """A name for a function that says in tracebacks what it writes."""
        word = key[1].node.name if key[0] == "macro" else key[2] if key[0] == "block" else ""
        word = word if word.isascii() and word.isidentifier() else ""
        return f"{key[0]}_{word}_{len(self.all)}" if word else f"{key[0]}_{len(self.all)}"

    def _top_frame(self, chain: Chain, source: Source) -> Frame:
        frame = Frame(Symbols(), is_escaped=source.is_escaped)
        frame.is_top = True
        frame.bindings = chain.bindings
        frame.symbols.analyze_node(source.tree)
        return frame

    def _write_root(self, unit: Unit, chain: Chain, index: int, only_block: str | None) -> None:
        source = chain.sources[index]
        writer = StatementWriter(self, chain, unit, source)
        frame = self._top_frame(chain, source)
        body = source.tree.body
        if only_block is not None:
            body = [node for node in body if isinstance(node, SETTING)]
        unit.body = writer.enter(frame) + writer.write_body(body, frame)
        line = body[-1].lineno if body else 1
        if index + 1 < len(chain.sources):
            parent = self.root(chain, index + 1, only_block=only_block)
            unit.body.append(at(ast.Expr(unit.call(parent, writer.raw, name("append"))), line))
        elif only_block is not None:
            unit.body.append(at(ast.Expr(writer.block_call(only_block, 0, frame)), line))

    def _write_block(self, unit: Unit, chain: Chain, identifier: str, depth: int) -> None:
        source, node = chain.blocks[identifier][depth]
        writer = StatementWriter(self, chain, unit, source)
        frame = Frame(Symbols(), is_escaped=source.is_escaped)
        frame.block = (identifier, depth)
        frame.symbols.analyze_node(node)
        unit.body = writer.enter(frame) + writer.write_body(node.body, frame)

    def _write_macro(self, unit: Unit, binding: MacroBinding, hints: tuple[Any, ...]) -> None:
        node = binding.node
        writer = StatementWriter(self, binding.chain, unit, binding.source)
        writer.definition = binding.frame
        frame = Frame(Symbols(level=1), is_escaped=binding.frame.is_escaped)
        frame.symbols.analyze_node(node)
        parameters = [frame.symbols.ref(each.name) for each in node.args]
        frame.hints = dict(zip(parameters, hints, strict=True))
        body: list[ast.stmt] = []
        if "caller" in find_undeclared(node.body, ("caller",)):
            caller = frame.symbols.declare_parameter("caller")
            parameters.append(caller)
            frame.caller = caller
            none = self.recipes.use("hint", "caller", "No caller defined")
            is_missing = compare(name(caller), ast.Is(), name("missing"))
            body.append(at(if_(is_missing, [at(assign(caller, none), node.lineno)]), node.lineno))
            frame.symbols.analyze_node(node)
        unit.parameters = parameters
        body += [
            at(assign("pieces", ast.List([], ast.Load())), node.lineno),
            at(assign("append", attribute(name("pieces"), "append")), node.lineno),
        ]
        body += writer.enter(frame) + writer.write_defaults(node, frame) + writer.write_body(node.body, frame)
        text = call(attribute(constant(""), "join"), name("pieces"))
        unit.body = [*body, at(ast.Return(text), node.lineno)]
