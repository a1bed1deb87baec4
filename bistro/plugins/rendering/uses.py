"""Which handler renders which template, with which names: read off its return type and its source."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_type_hints  # Any: hints are types of every kind.

from msgspec import Struct

from bistro.ground import Origin
from bistro.plugins.rendering.answers import render
from bistro.templates import Page


class Use(Struct, frozen=True):
    """A place that renders a template; `context` is None where its names are not known."""

    template: str
    context: Mapping[str, Any] | None
    origin: Origin
    page: type[Page] | None = None
    block: str | None = None


class UrlUse(Struct, frozen=True):
    """A place of the site's own code that asks for the URL of a route by its name."""

    route: str
    parameters: tuple[str, ...]
    origin: Origin


def find_uses(function: Callable[..., Any], origin: Origin) -> Iterator[Use | UrlUse]:
    """What `function` renders, and the routes that it names."""
    function = inspect.unwrap(function)
    hints = hints_of(function)
    for page in pages_in(hints.get("return")):
        yield use_of_page(page, origin)
    for call, line in calls_in(function):
        place = Origin(origin.file, line, origin.name, origin.by)
        found = find_object(call.func, function)
        if found is render:
            yield from _uses_of_render(call, function, hints, place)
        elif isinstance(found, type) and issubclass(found, Page) and found.page_template:
            yield use_of_page(found, origin)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in ("url", "url_for"):
            yield from _url_use(call, place)


def use_of_page(page: type[Page], origin: Origin) -> Use:
    """The use of a page's template, whose names are the fields."""
    hints = hints_of(page)
    context = {field: hints.get(field, Any) for field in page.__struct_fields__}
    return Use(page.page_template, context, origin, page)


def pages_in(hint: Any) -> Iterator[type[Page]]:
    """The classes of pages that a return annotation names."""
    if isinstance(hint, type) and issubclass(hint, Page) and hint.page_template:
        yield hint
    for each in get_args(hint):
        yield from pages_in(each)


def hints_of(thing: Any) -> dict[str, Any]:
    """The type hints of a function or class; none where they can't be read."""
    try:
        return get_type_hints(thing)
    except (NameError, TypeError, AttributeError):
        return {}


def calls_in(function: Callable[..., Any]) -> Iterator[tuple[ast.Call, int]]:
    """The calls in the source of a function, each with its line; nothing where there is no source."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, first + node.lineno - 1


def find_object(node: ast.expr, function: Callable[..., Any]) -> Any:
    """What a name in the source of a function stands for, or None."""
    if isinstance(node, ast.Attribute):
        return getattr(find_object(node.value, function), node.attr, None)
    if not isinstance(node, ast.Name):
        return None
    names = getattr(function, "__globals__", {})
    with contextlib.suppress(TypeError, ValueError):  # for what is no function of Python's own
        names = {**names, **inspect.getclosurevars(function).nonlocals}
    return names.get(node.id)


def _uses_of_render(
    call: ast.Call, function: Callable[..., Any], hints: Mapping[str, Any], place: Origin
) -> Iterator[Use]:
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return  # a page, which is found where it is made, or a name that only running tells
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:
        yield Use(first.value, None, place)  # **names: anything may come
        return
    names = {str(name): value for name, value in given.items() if name not in ("block", "status", "headers")}
    context = {name: _hint_of(value, hints, function) for name, value in names.items()}
    block = given.get("block")
    named = block.value if isinstance(block, ast.Constant) and isinstance(block.value, str) else None
    yield Use(first.value, context, place, block=named)


def _hint_of(node: ast.expr, hints: Mapping[str, Any], function: Callable[..., Any]) -> Any:
    """The type of an argument where it is plain: a parameter, a constant, an object made on the spot."""
    if isinstance(node, ast.Constant):
        return type(node.value) if node.value is not None else Any
    if isinstance(node, ast.Name):
        return hints.get(node.id, Any)
    if isinstance(node, ast.Call):
        made = find_object(node.func, function)
        if isinstance(made, type):
            return made
        return hints_of(made).get("return", Any) if callable(made) else Any
    return Any


def _url_use(call: ast.Call, place: Origin) -> Iterator[UrlUse]:
    first = call.args[0] if call.args else None
    is_whole = all(keyword.arg is not None for keyword in call.keywords)
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and is_whole:
        yield UrlUse(first.value, tuple(str(keyword.arg) for keyword in call.keywords), place)
