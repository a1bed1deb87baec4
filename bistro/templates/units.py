"""`Units`: every function of one program, each made when something first calls it."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes
from jinja2.filters import FILTERS
from jinja2.idtracking import Symbols
from jinja2.tests import TESTS

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame, MacroBinding
from bistro.templates.hints import UNKNOWN
from bistro.templates.library import Reading
from bistro.templates.macro_rules import keep_constant, takes_caller
from bistro.templates.python_tree import name
from bistro.templates.recipes import Recipes
from bistro.templates.source import Source
from bistro.templates.statements import StatementWriter
from bistro.templates.unit import Unit, complete_calls
from bistro.templates.unit_bodies import top_frame, write_block, write_macro, write_root
from bistro.templates.unsupported import Unsupported

VARIANTS_MAX = 4
"""How many functions one macro may become, for arguments of different types."""
UNITS_MAX = 2_000
"""A program of more functions is left to stock Jinja2, which makes none for each include."""


class Units:
    """Makes the functions of one program."""

    def __init__(self, reading: Reading, made_names: Collection[str]) -> None:
        self.reading = reading
        self.environment = reading.library.environment
        self.made_names = frozenset(made_names)
        self.recipes = Recipes()
        self.all: list[Unit] = []
        self._queue: deque[Callable[[], None]] = deque()
        self._by_key: dict[Any, Unit] = {}
        self._variants: dict[MacroBinding, list[tuple[Any, ...]]] = {}
        self._chains: list[Chain] = []
        self._modules: dict[str, Mapping[str, MacroBinding]] = {}
        self._objects: list[tuple[Unit, MacroBinding]] = []

    # --- what the program begins with ---------------------------------------------------------------

    def chain(self, template: str, **options: Any) -> Chain:
        """The template and its parents. Raises `Unsupported` where they go round in a circle."""
        sources: list[Source] = []
        wanted: str | None = template
        while wanted is not None:
            source = self.reading.source(wanted)
            if source in sources:
                raise Unsupported(f"the template {wanted!r} extends itself", source.file, 1)
            sources.append(source)
            parent = source.find_parent()
            wanted = parent[0] if parent else None
        made = Chain(sources, **options)
        self._chains.append(made)
        return made

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
            lambda unit: write_root(self, unit, chain, index, only_block),
        )

    def block(self, chain: Chain, identifier: str, depth: int) -> Unit:
        """What writes a block as the template `depth` places up has it."""
        source, node = chain.blocks[identifier][depth]
        return self._unit(
            ("block", chain, identifier, depth),
            source,
            node.lineno,
            lambda unit: write_block(self, unit, chain, identifier, depth),
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

    def macro(
        self, binding: MacroBinding, hints: tuple[Any, ...], *, is_direct: bool = False
    ) -> tuple[Unit, bool]:
        """What gives the text of a macro for arguments of such types, and whether it takes a caller.

        One that `is_direct` prints the text; None for a type says that the argument may be left out.
        """
        variants = self._variants.setdefault(binding, [])
        if hints not in variants:
            if len(variants) >= VARIANTS_MAX:
                hints = (None,) * len(hints)
            else:
                variants.append(hints)
        number = variants.index(hints) if hints in variants else VARIANTS_MAX
        unit = self._unit(
            ("macro", binding, number, is_direct),
            binding.source,
            binding.node.lineno,
            lambda unit: write_macro(self, unit, binding, hints, is_direct=is_direct),
        )
        return unit, takes_caller(binding.node)

    def imported(self, template: str, *, with_context: bool) -> Mapping[str, MacroBinding]:
        """The macros of an imported template by name."""
        if with_context:
            return self._imported(template, with_context=True)
        if template not in self._modules:
            self._modules[template] = self._imported(template, with_context=False)
        return self._modules[template]

    def _imported(self, template: str, *, with_context: bool) -> Mapping[str, MacroBinding]:
        chain = self.chain(template, is_isolated=not with_context)
        (source,) = chain.sources if len(chain.sources) == 1 else (None,)
        if source is None:
            raise Unsupported(f"the imported template {template!r} extends another")
        unit = Unit("import", source.file, 1, [])
        writer = StatementWriter(self, chain, unit, source)
        frame = top_frame(chain, source)
        macros: dict[str, MacroBinding] = {}
        for node in source.tree.body:
            if isinstance(node, nodes.Output):
                continue
            if isinstance(node, nodes.Assign):
                keep_constant(node, chain)
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

    def macro_object(self, binding: MacroBinding) -> ast.expr:
        """A macro as a value, for what does not call it by its name."""
        node = binding.node
        unit, with_caller = self.macro(binding, (None,) * len(node.args))
        self._objects.append((unit, binding))
        return self.recipes.use(
            "macro",
            unit.identifier,
            node.name,
            ",".join(each.name for each in node.args),
            "caller" if with_caller else "",
            "escaped" if binding.frame.is_escaped else "plain",
        )

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
