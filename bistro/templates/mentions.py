"""Which names a template reads, with all that it extends, includes and imports."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import TemplateError, nodes

from bistro.templates.references import constant_names
from bistro.templates.source import Source
from bistro.templates.walk import find_all

REFERENCES = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def find_mentioned(template: str, read: Callable[[str], Source]) -> tuple[frozenset[str], bool]:
    """The names, and whether these are all: not where a template is named only while rendering.

    What can't be read mentions nothing; rendering will say what is wrong with it.
    """
    names: set[str] = set()
    waiting, seen, is_whole = [template], {template}, True
    while waiting:
        try:
            source = read(waiting.pop())
        except TemplateError:
            continue
        names |= source.mentioned
        for reference in find_all(source.tree, REFERENCES):
            referred = constant_names(getattr(reference, "template"))  # noqa: B009 - all of these have it
            is_whole = is_whole and referred is not None
            new = set(referred or ()) - seen
            seen |= new
            waiting += new
    return frozenset(names), is_whole
