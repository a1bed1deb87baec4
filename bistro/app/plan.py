"""Write a route's plan: one straight function with a line for each thing that happens.

How it works. `Spec` says what happens; `interpret.py` is its meaning; this file writes the same as
source. The indentation is the onion: an after-hook stands behind the `try` of everything inside it,
so it sees every answer, and yet no frame is added. A value is made where the outermost layer that
needs it begins. Where nothing looks at the response, none is made: a plain result goes out as bytes.
`bistro plan GET /path` prints what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial

# Any: captured values are of every kind.
from typing import Any, TypeAlias

from bistro.app.interpret import InterpretedPlan
from bistro.app.plan_ends import Ends, finish_later
from bistro.app.quick import QuickReply
from bistro.app.steps import Call, LateHook, Layer, Spec, Value
from bistro.ground.codegen import compile_function
from bistro.ground.types import Exchange

Plan: TypeAlias = Callable[[Exchange, tuple[Any, ...]], Coroutine[Any, Any, None] | None]

LAYERS_MAX = 16
"""Python refuses code nested deeper than 20 blocks; more hooks than this are interpreted."""


def write_plan(spec: Spec, *, waits: bool = False) -> Plan:
    """The plan of `spec`, async also where nothing but the body is waited for if it `waits`.

    Its text is in the attribute `source`.
    """
    if len(spec.layers) + sum(value.is_generator for value in spec.all_values()) > LAYERS_MAX:
        return InterpretedPlan(spec)
    writer = _Writer(spec, waits)
    source = writer.write()
    plan: Plan = compile_function(source, "plan", f"<plan {spec.title.partition(' -> ')[0]}>", writer.names)
    plan.source = source  # type: ignore[attr-defined]  # functions take attributes
    return plan


class _Writer(Ends):
    """Writes one plan from the outermost layer to the handler."""

    def write(self) -> str:
        spec = self._spec
        self.names["finish_later"] = finish_later
        self._lines = [
            f"{'async ' * self._is_async}def plan(exchange, captured):",
            f"    {_docstring(spec.title)}",
        ]
        if spec.needs_body() and not self._is_async:
            self.names["wait_for_body"] = write_plan(spec, waits=True)
            self._add("if exchange.body is None:  # still arriving")
            self._add("    return wait_for_body(exchange, captured)")
        if not spec.cancel_on_disconnect:
            self._add("exchange.shield()", "cancel_on_disconnect=False")
        if spec.observers:
            self._add("started = clock()")
        if self._has_generators:
            self._add("failure = None")
            self._add("deferred = []")
        if spec.has_background():
            self._add("background = Background()")
        if self._has_request:
            self._add(self._request_line())
        if self._late is not None:
            self._add("late = None", "what templates ask for; made with the first of them")
        if self._keeps:
            self._add("kept = {}", "what they may ask for of what is made here")
        self._add("try:")
        self._indented(self._write_layers, 0)
        self._write_failure()
        self._write_lost()
        self._write_sending()
        return "\n".join(self._lines) + "\n"

    # --- layers -------------------------------------------------------------------------------------

    def _write_layers(self, index: int) -> None:
        layers = self._spec.layers
        if index == len(layers):
            self._write_entered(self._spec.handler, self._write_handler)
            return
        layer = layers[index]
        write = {"before": self._write_before, "after": self._write_after, "around": self._write_around}[
            layer.kind
        ]
        self._write_entered(layer.call, lambda: write(layer, index))

    def _write_entered(self, call: Call, write: Callable[[], None]) -> None:
        """Make the values that `call` needs; what a generator gave is cleaned up behind `write`."""
        known = dict(self._made)
        self._write_values(list(call.keywords.values()), write)
        self._made = known

    def _write_values(self, values: list[Value], write: Callable[[], None]) -> None:
        pending = [each for value in values for each in _in_order(value)]
        for position, value in enumerate(pending):
            if value in self._made or value.base is not None:
                self._write_base(value)
            elif value.is_generator:
                rest = partial(self._write_values, pending[position + 1 :], write)
                self._write_generator(value, rest)
                return
            else:
                self._write_made(value)
        write()

    def _write_base(self, value: Value) -> None:
        if value.base != "body" or value in self._made:
            return
        self._made[value] = "body"
        limit = self._spec.tools.body_size_max
        self._add("body = exchange.body")
        if self._is_async:
            self._add(f"if body is None or len(body) > {limit}:")
            self._add(f"    body = await exchange.read_body({limit})")
        else:
            self._add(f"if len(body) > {limit}:")
            self._add(f'    raise ContentTooLarge("The body is larger than {limit:,} bytes.")')

    def _write_made(self, value: Value) -> None:
        name = self._made[value] = f"value_{len(self._made)}_{len(self.names)}"
        maker = self._name("make", value.function)
        wait = "await " if value.is_async else ""
        self._add(f"{name} = {wait}{maker}({self._arguments(value)})", value.label)
        self._write_keeping(value)

    def _write_keeping(self, value: Value) -> None:
        """Let templates have what the plan has made."""
        if self._keeps and self._late is not None and value in self._late.every:
            self._add(f"kept[{self._name('kept', value)}] = {self._made[value]}")

    def _write_generator(self, value: Value, write: Callable[[], None]) -> None:
        name = self._made[value] = f"value_{len(self._made)}_{len(self.names)}"
        maker = self._name("make", value.function)
        suffix, wait = ("_async", "await ") if value.is_async else ("", "")
        self._add(f"opened_{name} = {maker}({self._arguments(value)})", value.label)
        self._add(f"{name} = {wait}cleanup.enter{suffix}(opened_{name})")
        self._write_keeping(value)
        self._add("try:")
        self._indented(write)
        # The error goes on: whether an around hook sees it must not depend on who provides what.
        self._add("except BaseException as error:")
        self._add(f"    {wait}cleanup.leave{suffix}(opened_{name}, error)")
        self._add("    raise")
        self._add(f"if failure is not None or not cleanup.defer(response, opened_{name}, deferred):")
        self._add(f"    {wait}cleanup.leave{suffix}(opened_{name}, failure)")

    def _write_before(self, layer: Layer, index: int) -> None:
        self._add(f"result = {self._call(layer.call)}", _origin(layer))
        self._add("if result is not None:")
        self._indented(self._write_first_response)
        self._add("else:")
        self._indented(self._write_layers, index + 1)

    def _write_after(self, layer: Layer, index: int) -> None:
        self._add("try:")
        self._indented(self._write_layers, index + 1)
        self._write_failure()
        if layer.late is not None:
            self._write_late_hook(layer.late, _origin(layer))
            return
        self._add(f"result = {self._call(layer.call)}", _origin(layer))
        self._write_changed()

    def _write_changed(self) -> None:
        self._add("if result is not None:")
        self._indented(self._write_response)

    def _write_late_hook(self, hook: LateHook, origin: str) -> None:
        key = self._name("key", hook.value)
        self._add(f"if late is not None and {key} in late.made:  # a template has asked for it")
        at_hand = {hook.value: f"late.made[{key}]"}
        at_hand |= {each: "late.request" for each in hook.call.keywords.values() if each.base == "request"}
        call = self._call(hook.call, at_hand=at_hand)
        self._depth += 1
        self._add(f"result = {call}", origin)
        self._write_changed()
        self._depth -= 1

    def _write_around(self, layer: Layer, index: int) -> None:
        self._add(f"async def proceed_{index}():")
        if self._has_generators:
            self._add("    nonlocal failure")
        if self._late is not None:
            self._add("    nonlocal late")
        self._indented(self._write_layers, index + 1)
        self._add("    return response")
        call = self._call(layer.call, proceed=f"proceed_{index}")
        self._add(f"result = {call}", _origin(layer))
        self._write_response()

    def _write_handler(self) -> None:
        self._add(f"result = {self._call(self._spec.handler, name='handler')}")
        quick = self._quick
        if quick is None:
            self._write_first_response()
            return
        self.names.update(quick.names)
        self._add(f"if type(result) is {quick.type_name}:")
        self._write_quick(quick)
        self._add("else:")
        self._indented(self._write_first_response)

    def _write_first_response(self) -> None:
        """The same for a result that no hook has seen, and that the site may have kept."""
        self._write_response()
        if self._may_change:
            self._add("if response is result:")
            self._add("    response = result.for_this_answer()")

    def _write_response(self) -> None:
        """From `result` to `response`; a result of a plugin's own type goes through that plugin first."""
        if not self._spec.answers.is_empty:
            request = "request" if self._has_request else self._request_expression()
            self._add("answer = answers[type(result)]")
            self._add("if answer is not None:")
            if self._late is not None and not self._has_request:
                self._add(f"    {self._request_line()}")
                request = "request"
            self._indented(self._write_late)
            self._add(f"    result = answer(result, {request}, {self._late_expression()})")
            if self._late is not None and self._late.waiting:
                self._add("    if type(result) is CoroutineType:")
                self._add("        result = await result")
        self._add("response = make_response(result)")

    def _write_quick(self, quick: QuickReply) -> None:
        if self._is_direct:
            self._add(f"    content = {quick.encode}")
            if self._spec.defaults.are_made:
                self._add("    head = block + make_block(request)")
            self._add("    response = None")
        else:
            self._add(f"    response = prepared({self._spec.status}, block, {quick.encode})")


def _in_order(value: Value) -> list[Value]:
    ordered: list[Value] = []
    for needed in value.needs():
        ordered += _in_order(needed)
    return [*ordered, value]


def _origin(layer: Layer) -> str:
    origin = layer.call.origin
    return f"{layer.kind}: {origin.name}{f' ({origin.by})' if origin.by else ''}"


def _docstring(title: str) -> str:
    return repr(title) if '"' in title or "\\" in title else f'"""{title}"""'
