"""What a unit consists of: the body of a template, of a block, or of a macro."""

from __future__ import annotations

import ast
from typing import Any  # Any: hints are types of every kind.

from jinja2 import nodes
from jinja2.idtracking import Symbols

from bistro.templates.chain import Chain
from bistro.templates.frame import Frame, MacroBinding
from bistro.templates.macro_rules import takes_caller
from bistro.templates.python_tree import assign, at, attribute, call, compare, constant, if_, name
from bistro.templates.source import Source
from bistro.templates.statements import StatementWriter
from bistro.templates.unit import Unit
from bistro.templates.unit_maker import UnitMaker

SETTING = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport, nodes.Extends)


def top_frame(chain: Chain, source: Source) -> Frame:
    """The outermost scope of a template."""
    frame = Frame(Symbols(), is_escaped=source.is_escaped)
    frame.is_top = True
    frame.bindings = chain.bindings
    frame.symbols.analyze_node(source.tree)
    return frame


def write_root(units: UnitMaker, unit: Unit, chain: Chain, index: int, only_block: str | None) -> None:
    """Write a template of the chain from its top; with `only_block`, no more than that block."""
    source = chain.sources[index]
    writer = StatementWriter(units, chain, unit, source)
    frame = top_frame(chain, source)
    body = source.tree.body
    if only_block is not None:
        body = [node for node in body if isinstance(node, SETTING)]
    unit.body = writer.enter(frame) + writer.write_body(body, frame)
    line = body[-1].lineno if body else 1
    if index + 1 < len(chain.sources):
        parent = units.root(chain, index + 1, only_block=only_block)
        unit.body.append(at(ast.Expr(unit.call(parent, writer.raw, name("append"))), line))
    elif only_block is not None:
        unit.body.append(at(ast.Expr(writer.block_call(only_block, 0, frame)), line))


def write_block(units: UnitMaker, unit: Unit, chain: Chain, identifier: str, depth: int) -> None:
    """Write a block as the template `depth` places up has it."""
    source, node = chain.blocks[identifier][depth]
    writer = StatementWriter(units, chain, unit, source)
    frame = Frame(Symbols(), is_escaped=source.is_escaped)
    frame.block = (identifier, depth)
    frame.symbols.analyze_node(node)
    unit.body = writer.enter(frame) + writer.write_body(node.body, frame)


def write_macro(
    units: UnitMaker, unit: Unit, binding: MacroBinding, hints: tuple[Any, ...], *, is_direct: bool
) -> None:
    """Write a macro, for arguments of such types; it returns its text, or prints it."""
    node = binding.node
    writer = StatementWriter(units, binding.chain, unit, binding.source)
    writer.definition = binding.frame
    frame = Frame(Symbols(level=1), is_escaped=binding.frame.is_escaped)
    frame.symbols.analyze_node(node)
    parameters = [frame.symbols.ref(each.name) for each in node.args]
    frame.hints = dict(zip(parameters, hints, strict=True))
    body: list[ast.stmt] = []
    if takes_caller(node):
        caller = frame.symbols.declare_parameter("caller")
        parameters.append(caller)
        frame.caller = caller
        none = units.recipes.use("hint", "caller", "No caller defined")
        is_missing = compare(name(caller), ast.Is(), name("missing"))
        body.append(at(if_(is_missing, [at(assign(caller, none), node.lineno)]), node.lineno))
        frame.symbols.analyze_node(node)
    inside = writer.enter(frame) + writer.write_defaults(node, frame) + writer.write_body(node.body, frame)
    if is_direct:
        unit.parameters = [*parameters, "append"]
        unit.body = [*body, *inside]
        return
    unit.parameters = parameters
    body += [
        at(assign("pieces", ast.List([], ast.Load())), node.lineno),
        at(assign("append", attribute(name("pieces"), "append")), node.lineno),
    ]
    text = call(attribute(constant(""), "join"), name("pieces"))
    unit.body = [*body, *inside, at(ast.Return(text), node.lineno)]
