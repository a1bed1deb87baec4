"""`Unit`: one Python function that is being written, and the names of the context that it needs.

How it works: a unit learns while it is written which names it takes from the context. A call of
another unit has to pass what that one needs, which may be known only later, since macros and
includes may call each other in a circle. So calls are noted, and completed once all is written.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from bistro.templates.python_tree import at, function, name

Lookup = Callable[[str], ast.expr]
"""The expression for a name of the context, at one place of a unit."""

MADE = "made"
"""The parameter for names that are made when they are used; all others begin with `c_`."""


class PendingCall(Struct):
    """A call of `target` that lacks the arguments that `target` needs."""

    node: ast.Call
    target: Unit
    lookup: Lookup
    position: int = 0
    """Before which argument they stand."""
    given: dict[str, ast.expr] = field(default_factory=dict)


class Unit:
    """A function that writes one template, block, include or macro."""

    def __init__(self, identifier: str, file: str, line: int, parameters: Sequence[str]) -> None:
        self.identifier = identifier
        self.file = file
        self.line = line
        self.parameters = list(parameters)
        self.body: list[ast.stmt] = []
        self.needs: dict[str, None] = {}
        self.calls: list[PendingCall] = []
        self._count = 0

    def need(self, parameter: str) -> ast.Name:
        """The parameter that holds a name of the context."""
        self.needs[parameter] = None
        return name(parameter)

    def new_name(self, prefix: str) -> str:
        """A variable that nothing else uses."""
        self._count += 1
        return f"{prefix}_{self._count}"

    def call(self, target: Unit, lookup: Lookup, *arguments: ast.expr) -> ast.Call:
        """A call of another unit, with `arguments` behind what it needs."""
        node = ast.Call(name(target.identifier), list(arguments), [])
        self.calls.append(PendingCall(node, target, lookup))
        return node

    def call_captured(self, target: Unit, lookup: Lookup) -> ast.Call:
        """What another unit writes, as one text."""
        node = ast.Call(name("capture"), [name(target.identifier)], [])
        self.calls.append(PendingCall(node, target, lookup, position=1))
        return node

    def to_function(self) -> ast.FunctionDef:
        """The whole function."""
        return at(function(self.identifier, [*self.needs, *self.parameters], self.body), self.line)


def complete_calls(units: Iterable[Unit]) -> None:
    """Give every call the arguments that its target needs."""
    calls = [call for unit in units for call in unit.calls]
    is_complete = False
    while not is_complete:
        is_complete = True
        for call in calls:
            for parameter in list(call.target.needs):
                if parameter not in call.given:
                    call.given[parameter] = call.lookup(parameter)
                    is_complete = False
    for call in calls:
        call.node.args[call.position : call.position] = [
            call.given[parameter] for parameter in call.target.needs
        ]
