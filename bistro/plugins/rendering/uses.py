"""Which handler renders which template, with which names: read off its return type and its source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args  # Any: hints are types of every kind.

from msgspec import Struct

from bistro.ground import Origin
from bistro.plugins.rendering.answers import render, stream
from bistro.plugins.rendering.values import Values, hints_of
from bistro.templates import Page, is_same_but_for_loading


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
    values = Values(inspect.unwrap(function), origin)
    made: set[type[Page]] = set()
    for call, line in values.calls():
        place = Origin(origin.file, line, origin.name, origin.by)
        found = values.find(call.func)
        if found is render or found is stream:
            yield from _uses_of_render(call, values, place)
        elif isinstance(found, type) and issubclass(found, Page) and found.page_template:
            made.add(found)
            yield _use_of_call(found, call, values, place)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in ("url", "url_for"):
            yield from _url_use(call, place)
    for page in pages_in(values.hints.get("return")):
        if page not in made:
            yield use_of_page(page, origin)


def use_of_page(page: type[Page], origin: Origin) -> Use:
    """The use of a page's template, whose names are the fields."""
    hints = hints_of(page)
    context = {field: hints.get(field, Any) for field in page.__struct_fields__}
    return Use(page.page_template, context, origin, page)


def _use_of_call(page: type[Page], call: ast.Call, values: Values, origin: Origin) -> Use:
    """The same where the page is made, so that more is known of its values: what a query has loaded."""
    use = use_of_page(page, origin)
    assert use.context is not None
    given = dict(zip(page.__struct_fields__, call.args, strict=False))
    given |= {each.arg: each.value for each in call.keywords if each.arg is not None}
    context = dict(use.context)
    for field, node in given.items():
        if field in context and not isinstance(node, ast.Starred):
            found = values.hint(node)
            if is_same_but_for_loading(found, context[field]):
                context[field] = found
    return Use(use.template, context, origin, page)


def pages_in(hint: Any) -> Iterator[type[Page]]:
    """The classes of pages that a return annotation names."""
    if isinstance(hint, type) and issubclass(hint, Page) and hint.page_template:
        yield hint
    for each in get_args(hint):
        yield from pages_in(each)


def _uses_of_render(call: ast.Call, values: Values, place: Origin) -> Iterator[Use]:
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return  # a page, which is found where it is made, or a name that only running tells
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:
        yield Use(first.value, None, place)  # **names: anything may come
        return
    names = {str(name): value for name, value in given.items() if name not in ("block", "status", "headers")}
    context = {name: values.hint(value) for name, value in names.items()}
    block = given.get("block")
    named = block.value if isinstance(block, ast.Constant) and isinstance(block.value, str) else None
    yield Use(first.value, context, place, block=named)


def _url_use(call: ast.Call, place: Origin) -> Iterator[UrlUse]:
    first = call.args[0] if call.args else None
    is_whole = all(keyword.arg is not None for keyword in call.keywords)
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and is_whole:
        yield UrlUse(first.value, tuple(str(keyword.arg) for keyword in call.keywords), place)
