"""Hooks: functions before, after and around a handler, for its errors, and for the finished answer.

| kind     | takes (by type)                | gives                          |
|----------|--------------------------------|--------------------------------|
| before   | anything that can be injected  | None to go on, or the answer   |
| after    | the same, and `Response`       | None, or another `Response`    |
| around   | the same, and `Proceed`        | the `Response`; always `async` |
| on_error | the exception, `Request`       | anything that a handler may    |
| observe  | `Request`, status, seconds     | nothing; not injected          |

Every hook is a layer of the onion: it stands inside the hooks registered before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from bistro.ground.registry import Origin
from bistro.http import Request
from bistro.routing import Route

# Any: hooks take what their parameters name; `inject.py` looks at the signature.
Function: TypeAlias = Callable[..., Any]
Observer: TypeAlias = Callable[[Request, int, float], None]
"""Called once for each request with it, the status of its answer, and the seconds it took."""

HookKind = Literal["before", "after", "around", "on_error"]


class Hook(Struct, frozen=True, eq=False):
    """A hook as registered. `only_if_used`: leave it out where the plan makes no value of that type;
    `only_for`: leave it out of routes of which this says no."""

    kind: HookKind
    function: Function
    origin: Origin
    only_if_used: type | None = None
    only_for: Callable[[Route], bool] | None = None
    exception: type[BaseException] | None = None
    # Any: an on_error hook keeps here the function that fills its parameters.
    options: Mapping[str, Any] = field(default_factory=dict)


class Provider(Struct, frozen=True):
    """How to make a value of `type` for a request; generators clean up behind their `yield`."""

    type: Any  # Any: a type, or a union of types
    function: Function
    origin: Origin
    override: bool = False
    for_subclasses: bool = False
    """Whether `function` is no provider itself, but makes one for the subclass that was asked for."""
    for_marks: bool = False
    """Whether `type` is that of a mark in `Annotated[…]`, and `function` makes providers for it."""
