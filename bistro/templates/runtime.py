"""What compiled templates call while they render; each gives what stock Jinja2 does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, NoReturn  # Any: a template prints and calls whatever it is given.

from jinja2 import Environment, TemplateNotFound, TemplateRuntimeError, TemplatesNotFound, Undefined
from jinja2.utils import Namespace
from jinja2.utils import _PassArg as PassArgument
from markupsafe import Markup

from bistro.ground.errors import BistroError
from bistro.ground.text import escape_text

_to_text = str.__str__


def out(value: Any) -> str:
    """`value` as HTML: escaped unless it says that it is HTML already; its class alone decides."""
    kind = value.__class__
    # Compiled templates ask for str themselves, so that numbers are what comes here most.
    if kind is int or kind is float:
        return str(value)
    if value is None:
        return "None"
    if kind is Markup:
        return _to_text(value)
    if kind is str:
        return escape_text(value)
    if kind is bool:
        return str(value)
    if hasattr(value, "__html__"):
        return _to_text(Markup(value.__html__()))  # noqa: S704 - it says itself that it is HTML
    return escape_text(_to_text(str(value)))


def out_plain(value: Any) -> str:
    """`value` as plain text."""
    return _to_text(str(value))


class Access:
    """How names behind a dot and in brackets are found, with the undefined values of one site."""

    def __init__(self, undefined: Callable[..., Undefined]) -> None:
        self._undefined = undefined

    def get_attribute(self, value: Any, attribute: str) -> Any:
        """`value.attribute`: the attribute, else the item of that name, else undefined."""
        try:
            return getattr(value, attribute)
        except AttributeError as error:
            if isinstance(error, BistroError):  # such as NotLoaded, which says more than that it is not there
                raise
        try:
            return value[attribute]
        except (TypeError, LookupError, AttributeError):
            return self._undefined(obj=value, name=attribute)

    def get_item(self, value: Any, key: Any) -> Any:
        """`value[key]`: the item, else the attribute of that name, else undefined."""
        try:
            return value[key]
        except (AttributeError, TypeError, LookupError):
            if isinstance(key, str):
                try:
                    return getattr(value, str(key))
                except AttributeError:
                    pass
            return self._undefined(obj=value, name=key)


def sized(items: Iterable[Any]) -> Collection[Any]:
    """`items` with a length; what has none is read to its end first."""
    return items if isinstance(items, Collection) and items.__class__ in _SIZED else list(items)


def set_attribute(value: Any, attribute: str, new: Any) -> None:
    """Assign to a `namespace()`; nothing else may be changed by a template."""
    if not isinstance(value, Namespace):
        raise TemplateRuntimeError("cannot assign attribute on non-namespace object")
    value[attribute] = new


def capture(write: Callable[..., None], *arguments: Any) -> str:
    """What `write(append, …)` writes, as one text."""
    pieces: list[str] = []
    write(*arguments, pieces.append)
    return "".join(pieces)


def raise_not_found(*names: str) -> NoReturn:
    """Say that an included template is not there, where it is to be included."""
    raise TemplatesNotFound(names) if len(names) > 1 else TemplateNotFound("".join(names))


class NeedsContext(Exception):
    """A function that came with the context wants Jinja2's whole context, which compiled templates lack."""


def make_call(environment: Environment) -> Callable[..., Any]:
    """What calls a function whose name came with the context; one marked by Jinja2 gets what it asks for."""
    undefined = environment.undefined
    stopped = "value was undefined because a callable raised a StopIteration exception"

    def call(function: Any, /, *arguments: Any, **keywords: Any) -> Any:
        if function.__class__ not in _PLAIN_FUNCTIONS or hasattr(function, "jinja_pass_arg"):
            arguments = (*_find_passed(function, environment), *arguments)
        try:
            return function(*arguments, **keywords)
        except StopIteration:
            return undefined(stopped)

    return call


def _find_passed(function: Any, environment: Environment) -> tuple[Any, ...]:
    wish = PassArgument.from_obj(function)
    if wish is None and function.__class__ not in _PLAIN_FUNCTIONS and hasattr(function, "__call__"):  # noqa: B004
        wish = PassArgument.from_obj(function.__call__)
    if wish is None:
        return ()
    if wish is PassArgument.environment:
        return (environment,)
    raise NeedsContext


_PLAIN_FUNCTIONS = frozenset([FunctionType, BuiltinFunctionType, MethodType, type])
_SIZED = frozenset([list, tuple, dict, str, set, frozenset, range])
