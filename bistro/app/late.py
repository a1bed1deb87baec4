"""Values that are made once the handler has returned, and only if they are asked for.

How it works. What makes a template global may ask for values, as a handler does; but whether the
template uses it is known only when the answer is made. So the makers are bound beside the plan of
each route, with the same values: one that the plan has made is not made again. `LateValues` makes
the others. What has to be awaited is made beforehand, for the names that the template mentions, by
a function that is written for them (`late_steps.py`); everything else at its first use.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping
from typing import Any  # Any: values are of whatever types providers make.

from msgspec import structs

from bistro.app import cleanup
from bistro.app.background import Background
from bistro.app.errors import LateValueError
from bistro.app.hooks import Function
from bistro.app.inject import RESPONSE
from bistro.app.late_steps import LateSteps, write_late_steps
from bistro.app.signatures import is_async, is_generator, signature_of
from bistro.app.steps import Call, LateHook, LatePlan, Layer, Value, with_needs
from bistro.app.template_parts import TemplateName, TemplateParts
from bistro.ground.types import Exchange
from bistro.http import Request, Response

LATE = Value("late", label="what templates ask for")


class LateValues:
    """The values of template globals for one request; each is made once, with all that it needs."""

    __slots__ = ("_background", "_captured", "_deferred", "_exchange", "_plan", "made", "request")

    def __init__(
        self,
        plan: LatePlan,
        exchange: Exchange,
        captured: tuple[Any, ...],
        request: Request,
        deferred: list[Any],
        background: Background | None,
        made: dict[Value, Any] | None = None,
    ) -> None:
        """`deferred` takes the generators whose clean-up runs once the answer is sent."""
        self._plan = plan
        self._exchange = exchange
        self._captured = captured
        self.request = request
        self._deferred = deferred
        self._background = background
        self.made: dict[Value, Any] = {} if made is None else made
        """What was made for this request, by the plan or here."""

    def get(self, name: str) -> Any:
        """The value of a global, made now if it must be. Raises `LateValueError` (B655)."""
        value = self._plan.values[name]
        try:
            return self._make(value)
        except _MustWait:
            fix = "Give it to the template from the handler, or write its name in the template itself."
            what = f"the template global {name!r} has to be awaited, and was not expected here"
            raise LateValueError(what, fix=fix) from None

    @property
    def names(self) -> Collection[str]:
        """The globals that are made here."""
        return self._plan.values.keys()

    @property
    def waiting(self) -> frozenset[str]:
        """The globals that have to be awaited."""
        return self._plan.waiting

    def missing(self, mentioned: frozenset[str], given: Container[str] = ()) -> frozenset[str]:
        """The globals to prepare for a template that mentions these names, but for those it is `given`."""
        asked = self._plan.asked.get(mentioned)
        if asked is None:
            asked = self._plan.asked[mentioned] = self._plan.waiting & mentioned
        if not asked:
            return asked
        values, made = self._plan.values, self.made
        if all(name not in given and values[name] not in made for name in asked):
            return asked
        return frozenset(name for name in asked if name not in given and values[name] not in made)

    def prepare(self, names: frozenset[str]) -> Awaitable[Mapping[str, Any]]:
        """Make the values of these globals, and give them by name."""
        steps = self._plan.steps.get(names)
        if steps is None:
            steps = self._steps_for(names, {name: self._plan.values[name] for name in sorted(names)})
        return self._run(steps)

    def has(self, value: Value) -> bool:
        """Whether `value` was made in this request."""
        return value in self.made

    def call(self, call: Call, response: Response) -> Any:
        """What a hook gives whose values nobody but templates asks for."""
        keywords = {name: self._given(each, response) for name, each in call.keywords.items()}
        return call.function(**keywords)

    async def call_waiting(self, call: Call, response: Response) -> Any:
        """The same where the hook, or a value of it, has to be awaited."""
        values = {name: each for name, each in call.keywords.items() if each.base != "response"}
        await self._run(self._steps_for(tuple(values.items()), values))
        result = self.call(call, response)
        return await result if call.is_async else result

    def _steps_for(self, key: object, values: Mapping[str, Value]) -> LateSteps:
        steps = self._plan.steps.get(key)
        if steps is None:
            steps = self._plan.steps[key] = write_late_steps(values, self._plan.body_size_max)
        return steps

    def _run(self, steps: LateSteps) -> Awaitable[dict[str, Any]]:
        return steps(
            self._exchange, self._captured, self.request, self._deferred, self._background, self.made
        )

    def _given(self, value: Value, response: Response) -> Any:
        return response if value.base == "response" else self._make(value)

    def _make(self, value: Value) -> Any:
        if value in self.made:
            return self.made[value]
        if value.base is not None:
            made = self._base(value)
        elif value.is_async:
            raise _MustWait
        else:
            assert value.function is not None
            for each in value.needs():
                self._make(each)
            made = self._called(value)
            if value.is_generator:
                self._deferred.insert(0, made)  # the last opened is closed first
                made = cleanup.enter(made)
        self.made[value] = made
        return made

    def _called(self, value: Value) -> Any:
        assert value.function is not None
        keywords = {name: self.made[each] for name, each in value.keywords.items()}
        return value.function(*(self.made[each] for each in value.arguments), **keywords)

    def _base(self, value: Value) -> Any:
        if value.base == "captured":
            return self._captured[value.index]
        if value.base == "body":
            raise _MustWait
        return {"request": self.request, "exchange": self._exchange, "background": self._background}[
            str(value.base)
        ]


class _MustWait(Exception):
    """A value has to be awaited."""


def layer_for_late(call: Call, value: Value) -> Layer:
    """The after-hook `call` in plans in which only templates may ask for `value`: it waits for that."""
    # What a written plan has at hand; the rest is made by `LateValues`.
    is_plain = all(each is value or each.base in _AT_HAND for each in call.keywords.values())
    return Layer("after", _hook_for_late(call, value), LateHook(call, value) if is_plain else None)


_AT_HAND = frozenset(["request", "response", "exchange", "captured"])


def _hook_for_late(call: Call, value: Value) -> Call:
    keywords = {"response": RESPONSE, "late": LATE}
    if needs_waiting(call.keywords.values()) or call.is_async:

        async def run_if_made(response: Response, late: LateValues | None) -> Any:
            return await late.call_waiting(call, response) if late and late.has(value) else None

        return structs.replace(call, function=run_if_made, keywords=keywords, is_async=True)

    def run_if_made_now(response: Response, late: LateValues | None) -> Any:
        return late.call(call, response) if late and late.has(value) else None

    return structs.replace(call, function=run_if_made_now, keywords=keywords)


def late_plan_of(values: Mapping[str, Value], body_size_max: int) -> LatePlan:
    """What the plan of one route has to know of the globals that are made of injected values."""
    every = frozenset(with_needs(values.values()))
    waiting = frozenset(name for name, value in values.items() if needs_waiting([value]))
    return LatePlan(values, waiting, every, body_size_max)


def needs_waiting(values: Iterable[Value]) -> bool:
    """Whether one of `values`, or of what they need, has to be awaited."""
    return any(each.is_async or each.base == "body" for each in with_needs(values))


def injected_globals(parts: TemplateParts) -> Mapping[str, TemplateName]:
    """The globals whose makers ask for more than the request, or have to be awaited."""
    return {name: each for name, each in parts.find_globals().items() if _is_injected(each)}


def quick_globals(parts: TemplateParts) -> Mapping[str, Callable[[Request], Any]]:
    """What makes each of the other globals, from the request."""
    return {
        name: _taking_request(each.function)
        for name, each in parts.find_globals().items()
        if not _is_injected(each)
    }


def _is_injected(each: TemplateName) -> bool:
    if is_async(each.function) or is_generator(each.function):
        return True
    parameters = signature_of(each.function, each.origin)
    return len(parameters) > 1 or any(
        hint not in (Request, inspect.Parameter.empty) for _, hint, _ in parameters
    )


def _taking_request(make: Function) -> Callable[[Request], Any]:
    """`make` as a function of the request, whether it takes one or nothing."""
    if inspect.signature(make).parameters:
        return make
    return lambda _: make()
