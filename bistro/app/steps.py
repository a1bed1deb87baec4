"""What a plan consists of, before it is interpreted or written: values, layers, and the spec.

How it works: a `Value` says how something that is injected is made from other values; each is made
at most once in a plan, at the entry of the outermost layer that needs it. A `Layer` is one hook.
The innermost thing is the handler. Both `interpret.py` and `plan.py` read nothing but this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal  # Any: handlers return what they like, and annotate it as they like.

from msgspec import Struct, field

from bistro.app.background import BackgroundKeeper
from bistro.app.hooks import Function, Observer
from bistro.ground.registry import Origin
from bistro.http import DefaultHeaders, Response
from bistro.http.request import RequestTools

BaseName = Literal["exchange", "captured", "request", "response", "proceed", "body", "background"]


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


# Gives the answer to an error: at once, or (where a hook for it is async) as a coroutine.
Fail = Callable[[Any, BaseException], Any]


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
    keeper: BackgroundKeeper
    run_in_thread: Callable[..., Awaitable[Any]]
    narrow: Callable[[Any], Any] | None = None
    """Takes away fields that the declared return type does not have."""
    returns: Any = None
    """The declared return annotation, for the quick way of plain results."""
    status: int = 200

    def calls(self) -> tuple[Call, ...]:
        """The hooks from the outside in, then the handler."""
        return (*(layer.call for layer in self.layers), self.handler)

    def has_background(self) -> bool:
        """Whether somebody may leave work for after the answer."""
        return any(value.base == "background" for value in self.all_values())

    def needs_body(self) -> bool:
        """Whether some value is made from the whole body."""
        return any(value.base == "body" for value in self.all_values())

    def all_values(self) -> list[Value]:
        """Every value, each once, those it needs first, in the order of first need."""
        ordered: dict[Value, None] = {}
        for call in self.calls():
            for value in call.keywords.values():
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
    )
