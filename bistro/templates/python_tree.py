"""Small makers of Python's own syntax tree, so that what writes code reads like it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar  # Any: a constant may be any literal.

Located = TypeVar("Located", bound=ast.AST)

LOAD, STORE = ast.Load(), ast.Store()


def at(node: Located, line: int | None) -> Located:
    """`node`, standing on `line` of the template, as does what is inside it and says nothing else."""
    if line is None:  # scopes that Jinja2's parser makes up have none
        return node
    node.lineno = node.end_lineno = line  # type: ignore[attr-defined]  # every node written here has lines
    node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
    return node


def name(identifier: str) -> ast.Name:
    """The value of a variable."""
    return ast.Name(identifier, LOAD)


def target(identifier: str) -> ast.Name:
    """A variable that is assigned to."""
    return ast.Name(identifier, STORE)


def constant(value: Any) -> ast.Constant:
    """A literal."""
    return ast.Constant(value)


def call(function: str | ast.expr, *arguments: ast.expr, keywords: Iterable[ast.keyword] = ()) -> ast.Call:
    """A call of a function, by name or as an expression."""
    called = name(function) if isinstance(function, str) else function
    return ast.Call(called, list(arguments), list(keywords))


def attribute(value: ast.expr, identifier: str) -> ast.Attribute:
    """`value.identifier`."""
    return ast.Attribute(value, identifier, LOAD)


def assign(identifiers: str | Sequence[str], value: ast.expr) -> ast.Assign:
    """`a = b = value`."""
    names = [identifiers] if isinstance(identifiers, str) else identifiers
    return ast.Assign([target(each) for each in names], value)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    """`left OPERATOR right`."""
    return ast.Compare(left, [operator], [right])


def is_class(value: ast.expr, kind: str) -> ast.Compare:
    """`value.__class__ is kind`: true for that very class only."""
    return compare(attribute(value, "__class__"), ast.Is(), name(kind))


def walrus(identifier: str, value: ast.expr) -> ast.NamedExpr:
    """`(identifier := value)`."""
    return ast.NamedExpr(target(identifier), value)


def choose(test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.IfExp:
    """`yes if test else no`."""
    return ast.IfExp(test, yes, no)


def if_(test: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None) -> ast.If:
    """An if statement; an empty body is `pass`."""
    return ast.If(test, body or [ast.Pass()], otherwise or [])


def for_(bound: ast.expr, over: ast.expr, body: list[ast.stmt]) -> ast.For:
    """A loop; an empty body is `pass`."""
    return ast.For(bound, over, body or [ast.Pass()], [], None)


def function(identifier: str, parameters: Sequence[str], body: list[ast.stmt]) -> ast.FunctionDef:
    """A function of positional parameters without defaults."""
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(each) for each in parameters],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[],
    )
    made = ast.FunctionDef(identifier, arguments, body or [ast.Pass()], [], None, None)
    if "type_params" in ast.FunctionDef._fields:
        made.type_params = []  # type: ignore[attr-defined]  # since Python 3.12
    return made


def f_string(parts: Sequence[str | ast.expr]) -> ast.expr:
    """Texts and values as one string; a single text stays a constant."""
    if all(isinstance(part, str) for part in parts):
        return constant("".join(part for part in parts if isinstance(part, str)))
    values: list[ast.expr] = []
    for part in parts:
        values.append(constant(part) if isinstance(part, str) else ast.FormattedValue(part, -1, None))
    return ast.JoinedStr(values)
