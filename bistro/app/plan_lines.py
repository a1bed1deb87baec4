"""The lines of a plan, and the names in them."""

from __future__ import annotations

import keyword
import time
from collections.abc import Callable, Mapping
from types import CoroutineType

# Any: captured values and what generated code names are of every kind.
from typing import Any

from bistro.app import cleanup
from bistro.app.background import Background
from bistro.app.late import LateValues
from bistro.app.quick import find_quick_reply
from bistro.app.steps import Call, Spec, Value, is_async_spec
from bistro.http import ContentTooLarge, Request, Response


class Lines:
    """Collects the lines of one plan and the objects that they name."""

    def __init__(self, spec: Spec, waits: bool) -> None:
        self._spec = spec
        self._lines: list[str] = []
        self._depth = 1
        self._made: dict[Value, str] = {}
        self._is_async = waits or is_async_spec(spec) or spec.has_background()
        values = spec.all_values()
        kinds = {layer.kind for layer in spec.layers}
        self._may_change = bool({"after", "around"} & kinds)
        self._late = spec.late
        self._keeps = spec.late is not None and any(
            value in spec.late.every for value in values if value.base is None
        )
        self._has_generators = any(value.is_generator for value in values) or (
            self._late is not None and self._late.has_generators
        )
        self._is_direct = not (self._may_change or self._has_generators or spec.has_background())
        self._has_request = (
            bool(spec.observers) or spec.defaults.are_made or any(value.base == "request" for value in values)
        )
        self._quick = find_quick_reply(spec.returns, spec.narrow, spec.answers)
        self.names: dict[str, Any] = {
            "Background": Background,
            "CoroutineType": CoroutineType,
            "LateValues": LateValues,
            "ContentTooLarge": ContentTooLarge,
            "Request": Request,
            "answers": spec.answers,
            "cleanup": cleanup,
            "clock": time.perf_counter,
            "defaults": spec.defaults,
            "fail": spec.fail,
            "handler": spec.handler.function,
            "keeper": spec.keeper,
            "late_plan": spec.late,
            "make_block": spec.defaults.make_block,
            "make_response": spec.make_response,
            "observers": tuple(spec.observers),
            "prepared": Response.prepared,
            "run_in_thread": spec.run_in_thread,
            "send": spec.send,
            "tools": spec.tools,
        }

    # --- lines --------------------------------------------------------------------------------------

    def _add(self, line: str, comment: str = "") -> None:
        note = f"  # {comment}" if comment else ""
        self._lines.append("    " * self._depth + line + note)

    def _indented(self, write: Callable[..., None], *arguments: Any) -> None:
        self._depth += 1
        write(*arguments)
        self._depth -= 1

    def _name(self, prefix: str, thing: Any) -> str:
        # Called by its own name where that may stand in code, so that the text reads like the site.
        own = getattr(thing, "__name__", "")
        prefix = own if own.isidentifier() and own.isascii() and not keyword.iskeyword(own) else prefix
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = thing
        return name

    def _request_line(self) -> str:
        return f"request = {self._request_expression()}"

    def _request_expression(self) -> str:
        pairs = ", ".join(f"{name!r}: captured[{i}]" for i, name in enumerate(self._spec.path_parameters))
        return f"Request(exchange, tools{f', {{{pairs}}}' if pairs else ''})"

    # --- expressions --------------------------------------------------------------------------------

    def _call(
        self, call: Call, *, name: str = "", proceed: str = "", at_hand: Mapping[Value, str] = {}
    ) -> str:
        function = name or self._name("hook", call.function)
        keywords = ", ".join(
            f"{key}={at_hand.get(value) or self._expression(value, proceed)}"
            for key, value in call.keywords.items()
        )
        if call.in_thread:
            return f"await run_in_thread({function}{', ' * bool(keywords)}{keywords})"
        return f"{'await ' * call.is_async}{function}({keywords})"

    def _arguments(self, value: Value) -> str:
        parts = [self._expression(each) for each in value.arguments]
        parts += [f"{key}={self._expression(each)}" for key, each in value.keywords.items()]
        return ", ".join(parts)

    def _expression(self, value: Value, proceed: str = "") -> str:
        if value.base == "captured":
            return f"captured[{value.index}]"
        if value.base == "proceed":
            return proceed
        return value.base if value.base is not None else self._made[value]
