"""`Program`: a template with all that it uses, compiled to functions of Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from types import CodeType
from typing import Any  # Any: contexts hold whatever the site prints.

from msgspec import Struct

from bistro.ground.codegen import compile_tree, register_source, run_codes
from bistro.ground.text import did_you_mean
from bistro.templates.errors import TemplateNotFound
from bistro.templates.library import Reading
from bistro.templates.python_tree import assign, at, attribute, call, constant, function, name
from bistro.templates.recipes import NamespaceMaker, Recipe
from bistro.templates.source import Text
from bistro.templates.unit import MADE, Unit
from bistro.templates.units import Units

ENTRY = "render"

Render = Callable[[Any, Any], str]
"""Gives the text for a context and the names that are made when they are used."""


class Compiled(Struct, frozen=True):
    """The code of a program, which can be kept: one code object for each file, and recipes for names."""

    codes: tuple[CodeType, ...]
    recipes: Mapping[str, Recipe]


def compile_program(
    reading: Reading,
    template: str,
    made_names: Collection[str],
    *,
    block: str | None = None,
    hints: Mapping[str, Any] | None = None,
) -> Compiled:
    """The code of a template, or of one block of it; `reading` learns what it was made of.

    With `hints`, the context is an object that has these attributes; otherwise it is a mapping.
    Raises `Unsupported` for what only stock Jinja2 does, `TemplateNotFound` for a block that is not
    there, and Jinja2's errors for what can't be read.
    """
    units = Units(reading, made_names)
    chain = units.chain(template, hints=hints)
    if block is not None and block not in chain.blocks:
        near = did_you_mean(block, chain.blocks)
        fix = f"Did you mean {near}?" if near else ""
        raise TemplateNotFound(f"the template {template} has no block {block!r}", fix=fix)
    root = units.root(chain, only_block=block)
    units.finish()
    entry = write_entry(units, root, hints)
    by_file: dict[str, list[ast.stmt]] = {root.file: [entry]}
    for unit in units.all:
        by_file.setdefault(unit.file, []).append(unit.to_function())
    codes = tuple(
        compile_tree(ast.Module(body=functions, type_ignores=[]), file) for file, functions in by_file.items()
    )
    return Compiled(codes, units.recipes.by_name)


def write_entry(units: Units, root: Unit, hints: Mapping[str, Any] | None) -> ast.stmt:
    """The function that takes a context, and gives the root unit the names that it needs."""
    arguments = [_from_context(units, parameter, hints) for parameter in root.needs]
    body: list[ast.stmt] = [
        assign("pieces", ast.List([], ast.Load())),
        ast.Expr(call(root.identifier, *arguments, attribute(name("pieces"), "append"))),
        ast.Return(call(attribute(constant(""), "join"), name("pieces"))),
    ]
    if hints is None:
        body.insert(0, assign("get", attribute(name("context"), "get")))
    return at(function(ENTRY, ["context", MADE], [at(each, 1) for each in body]), 1)


def _from_context(units: Units, parameter: str, hints: Mapping[str, Any] | None) -> ast.expr:
    if parameter == MADE:
        return name(MADE)
    identifier = parameter.removeprefix("c_")
    if hints is None:
        return call("get", constant(identifier), units.default(identifier))
    return attribute(name("context"), identifier) if identifier in hints else units.default(identifier)


def load_program(namespaces: NamespaceMaker, compiled: Compiled, texts: Iterable[Text]) -> Render:
    """The function that renders; `texts` are the templates that it was made of, for tracebacks."""
    for text in texts:
        if text.file.startswith("<"):
            register_source(text.file, text.text)
    namespace = namespaces.make(compiled.recipes)
    run_codes(compiled.codes, namespace)
    namespaces.add_macros(compiled.recipes, namespace)
    render: Render = namespace[ENTRY]
    return render
