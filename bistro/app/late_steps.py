"""Write what makes the values of template globals: one straight function for the globals of a template.

How it works. The plan of a route can't know which template its handler will choose; the answer can.
So the steps are written at the first answer that asks for these globals, as a plan is, and kept
beside the plan. A value that was made before, by the plan or for a template, is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias  # Any: values are of whatever types providers make.

from bistro.app import cleanup
from bistro.app.background import Background
from bistro.app.steps import Value, with_needs
from bistro.ground.codegen import check_identifier, compile_function
from bistro.ground.types import Exchange
from bistro.http import Request

LateSteps: TypeAlias = Callable[
    [Exchange, tuple[Any, ...], Request, list[Any], Background | None, dict[Value, Any]],
    Coroutine[Any, Any, dict[str, Any]],
]
"""Gives the values by name, and keeps all that it makes in the last argument."""


def write_late_steps(values: Mapping[str, Value], body_size_max: int) -> LateSteps:
    """The function that makes `values`, with all that they need, in the order in which a plan would."""
    writer = _Writer(body_size_max)
    lines = ["async def make(exchange, captured, request, deferred, background, made):"]
    for value in with_needs(values.values()):
        if value.base is None:
            lines += writer.make(value)
    pairs = ", ".join(f"{name!r}: {writer.expression(value)}" for name, value in values.items())
    lines.append(f"    return {{{pairs}}}")
    source = "\n".join(lines) + "\n"
    steps: LateSteps = compile_function(source, "make", f"<late {' '.join(values)}>", writer.names)
    return steps


class _Writer:
    """Writes the lines for one value after the other."""

    def __init__(self, body_size_max: int) -> None:
        self._body_size_max = body_size_max
        self._made: dict[Value, str] = {}
        self.names: dict[str, Any] = {"cleanup": cleanup}

    def make(self, value: Value) -> list[str]:
        """The lines that make `value` where it is not made yet."""
        number = len(self._made)
        name = self._made[value] = f"value_{number}"
        self.names |= {f"key_{number}": value, f"make_{number}": value.function}
        keep = f"        {name} = made[key_{number}] = "
        # No value is the dict in which it is kept, so that one look tells that there is none.
        lines = [f"    {name} = made.get(key_{number}, made)", f"    if {name} is made:  # {value.label}"]
        call = f"make_{number}({self._arguments(value)})"
        if not value.is_generator:
            return [*lines, f"{keep}{'await ' * value.is_async}{call}"]
        opened = [f"        opened = {call}"]
        # The last opened is closed first.
        defer = ["        deferred.insert(0, opened)"]
        if value.is_async:
            return [*lines, *opened, f"{keep}await cleanup.enter_async(opened)", *defer]
        return [*lines, *opened, *defer, f"{keep}cleanup.enter(opened)"]

    def expression(self, value: Value) -> str:
        """What stands for `value` once all that it needs is there."""
        if value.base == "captured":
            return f"captured[{value.index}]"
        if value.base == "body":
            return f"await exchange.read_body({self._body_size_max})"
        return self._made[value] if value.base is None else value.base

    def _arguments(self, value: Value) -> str:
        parts = [self.expression(each) for each in value.arguments]
        parts += [f"{check_identifier(key)}={self.expression(each)}" for key, each in value.keywords.items()]
        return ", ".join(parts)
