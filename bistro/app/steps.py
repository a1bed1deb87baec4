"""What a plan consists of, before it is interpreted or written: values, layers, and the spec.

How it works: a `Value` says how something that is injected is made from other values; each is made
at most once in a plan, at the entry of the outermost layer that needs it. A `Layer` is one hook.
The innermost thing is the handler. Both `interpret.py` and `plan.py` read nothing but this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Literal, TypeAlias  # Any: handlers return and annotate what they like

from msgspec import Struct, field

from bistro.app.answers import Answers
from bistro.app.background import BackgroundKeeper
from bistro.app.hooks import Function, Observer
from bistro.app.reply import send
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http import DefaultHeaders, Request, Response
from bistro.http.request import RequestTools

BaseName = Literal["exchange", "captured", "request", "response", "proceed", "body", "background", "late"]


class Value(Struct, frozen=True, eq=False):
    """One injected value: a base value of the plan, or what `function` makes of `arguments`.

    `base` is "captured" with the `index` of a path parameter, "body" for the whole body as bytes,
    and so on; otherwise `function` is called with `arguments` by position and `keywords` by name.
    """

    base: BaseName | None = None
    index: int = 0
    function: Function | None = None
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    is_async: bool = False
    is_generator: bool = False
    label: str = ""
    """What it is, for the comment in the written plan."""

    def needs(self) -> tuple[Value, ...]:
        """The values that have to be there first."""
        return (*self.arguments, *self.keywords.values())


class Call(Struct, frozen=True):
    """A handler or hook with the values for its parameters, by name."""

    function: Function
    keywords: Mapping[str, Value]
    is_async: bool
    origin: Origin
    in_thread: bool = False


class Layer(Struct, frozen=True):
    """One hook around everything that comes after it in `Spec.layers`."""

    kind: Literal["before", "after", "around"]
    call: Call
    late: LateHook | None = None
    """What `call` does, for a written plan."""


class LateHook(Struct, frozen=True):
    """A hook that runs where its value was made for a template."""

    call: Call
    value: Value


Send: TypeAlias = Callable[
    [Exchange, Response, DefaultHeaders, Request | None], Coroutine[Any, Any, BaseException | None] | None
]


class LatePlan(Struct, frozen=True, eq=False):
    """The values that templates may ask for in one plan, beside those that it makes anyway."""

    values: Mapping[str, Value]
    """What each global is, by its name."""
    waiting: frozenset[str]
    """The globals that have to be awaited."""
    every: frozenset[Value]
    """All values that some global needs; what the plan makes of them is kept for templates."""
    body_size_max: int
    asked: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    """The waiting globals that a template mentions, by all that it mentions; found at its first use."""
    steps: dict[object, Callable[..., Any]] = field(default_factory=dict)
    """What makes globals, by their names; written at the first use."""

    @property
    def has_generators(self) -> bool:
        """Whether something may have to be cleaned up."""
        return any(value.is_generator for value in self.every)


# Gives the answer to an error: at once, or (where a hook for it is async) as a coroutine.
Fail = Callable[[Any, BaseException, Any], Any]


class Spec(Struct, frozen=True):
    """Everything that happens to a request of one route."""

    title: str
    handler: Call
    layers: tuple[Layer, ...]
    fail: Fail
    fail_is_async: bool
    observers: tuple[Observer, ...]
    defaults: DefaultHeaders
    tools: RequestTools
    path_parameters: tuple[str, ...]
    make_response: Callable[[Any], Response]
    """Turns what the handler returned into a response."""
    answers: Answers
    """Turns results of plugins' own types into responses, before `make_response` sees them."""
    keeper: BackgroundKeeper
    run_in_thread: Callable[..., Awaitable[Any]]
    narrow: Callable[[Any], Any] | None = None
    """Takes away fields that the declared return type does not have."""
    returns: Any = None
    """The declared return annotation, for the quick way of plain results."""
    status: int = 200
    cancel_on_disconnect: bool = True
    """Whether the handler is cancelled when its client goes away."""
    send: Send = send
    """Gives the response to the client."""
    late: LatePlan | None = None
    """What templates may ask for; None where nothing is injected into them."""

    def calls(self) -> tuple[Call, ...]:
        """The hooks from the outside in, then the handler."""
        return (*(layer.call for layer in self.layers), self.handler)

    def has_background(self) -> bool:
        """Whether somebody may leave work for after the answer."""
        late = () if self.late is None else self.late.every
        return any(value.base == "background" for value in (*self.all_values(), *late))

    def needs_body(self) -> bool:
        """Whether some value is made from the whole body."""
        return any(value.base == "body" for value in self.all_values())

    def all_values(self) -> list[Value]:
        """Every value, each once, those it needs first, in the order of first need."""
        return values_of(self.calls())


def values_of(calls: Iterable[Call]) -> list[Value]:
    """Every value that `calls` need, each once, those it needs first, in the order of first need."""
    return with_needs(value for call in calls for value in call.keywords.values())


def with_needs(values: Iterable[Value]) -> list[Value]:
    """The values and all that they need, each once, in the order in which they are made."""
    ordered: dict[Value, None] = {}
    for value in values:
        _collect(value, ordered)
    return list(ordered)


def _collect(value: Value, into: dict[Value, None]) -> None:
    if value in into:
        return
    for needed in value.needs():
        _collect(needed, into)
    into[value] = None


def is_async_spec(spec: Spec) -> bool:
    """Whether anything in the plan has to be awaited."""
    return (
        spec.fail_is_async
        or any(call.is_async or call.in_thread for call in spec.calls())
        or any(value.is_async for value in spec.all_values())
        or any(layer.kind == "around" for layer in spec.layers)
        or (spec.late is not None and bool(spec.late.waiting))
    )
