"""What a function's signature says: its parameters with their types, and what calling it gives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

# Any: type hints and defaults are objects of every kind.
from typing import Any, TypeAlias, get_type_hints

from bistro.app.errors import InjectionError
from bistro.app.hooks import Function
from bistro.ground.registry import Origin

_Parameters: TypeAlias = tuple[tuple[str, Any, Any], ...]
_read: ContextVar[dict[int, tuple[Function, _Parameters]] | None] = ContextVar("read", default=None)
"""What was read of functions, by their ids, which stay theirs as long as they are kept here."""


@contextmanager
def reading_once() -> Iterator[None]:
    """Read the signature of each function once within: hooks and providers stand in the plan of each route.

    It ends with the planning, since a closure that was kept for longer would never be freed.
    """
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def signature_of(function: Function, origin: Origin) -> _Parameters:
    """Name, type hint and default of each parameter. Raises `InjectionError` for what can't be read."""
    read = _read.get()
    if read is None:
        return _read_signature(function, origin)
    if id(function) not in read:
        read[id(function)] = function, _read_signature(function, origin)
    return read[id(function)][1]


def _read_signature(function: Function, origin: Origin) -> _Parameters:
    try:
        parameters = inspect.signature(function).parameters.values()
        hints = _hints_of_parameters(function)
    except (NameError, TypeError, ValueError) as error:
        raise InjectionError(
            f"the type hints of {origin.name} can't be read: {error}",
            where=(origin,),
            fix="Import the types at the head of the module, not under TYPE_CHECKING or inside a function.",
        ) from None
    found = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise InjectionError(
                f"the parameter {parameter.name!r} of {origin.name} is positional-only",
                where=(origin,),
                fix="Remove the slash from its signature: parameters are given by name.",
            )
        found.append((parameter.name, hints.get(parameter.name, parameter.annotation), parameter.default))
    return tuple(found)


def _hints_of_parameters(function: Function) -> dict[str, Any]:
    # Without the return annotation: what it names may be local, and nobody here needs it.
    inner = inspect.unwrap(inner_function(function))
    if inspect.isclass(inner):
        inner = inner.__init__
    annotations = {name: hint for name, hint in inspect.get_annotations(inner).items() if name != "return"}
    holder = SimpleNamespace(__annotations__=annotations)
    names = {**getattr(inner, "__globals__", {}), **_closure_of(inner)}
    return get_type_hints(holder, globalns=names, include_extras=True)


def _closure_of(function: Any) -> dict[str, Any]:
    try:
        return dict(inspect.getclosurevars(function).nonlocals)
    except (TypeError, ValueError):  # no function of Python's, or a name that is not bound yet
        return {}


def is_async(function: Function) -> bool:
    """Whether calling it gives something to await."""
    return inspect.iscoroutinefunction(inner_function(function))


def inner_function(function: Function) -> Any:
    """The function that is run in the end: behind partials, and a callable object's own."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return type(function).__call__


def is_generator(function: Function) -> bool:
    """Whether calling it makes a generator, sync or async."""
    inner = inner_function(function)
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)
