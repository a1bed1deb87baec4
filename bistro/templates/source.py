"""`Source`: a template as it was read and parsed."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, TemplateNotFound, nodes
from msgspec import Struct

from bistro.templates.unsupported import Unsupported


class Source(Struct, frozen=True, eq=False):
    """One template: its text, its tree, and the file that tracebacks name."""

    name: str
    file: str
    text: str
    tree: nodes.Template
    is_escaped: bool
    is_fresh: Callable[[], bool]
    blocks: tuple[nodes.Block, ...] = ()
    extends: tuple[nodes.Extends, ...] = ()
    assigned: frozenset[str] = frozenset()
    """Every name that is assigned to anywhere in it."""
    mentioned: frozenset[str] = frozenset()
    """Every name that is read anywhere in it."""

    def find_parent(self) -> tuple[str, int] | None:
        """The name of the template that this one extends, and in which line."""
        if not self.extends:
            return None
        extends = self.extends[0]
        named = extends.template
        if (
            len(self.extends) > 1
            or all(each is not extends for each in self.tree.body)
            or not isinstance(named, nodes.Const)
        ):
            raise Unsupported("`extends` names no single template", self.file, extends.lineno)
        if not isinstance(named.value, str):
            raise Unsupported("`extends` names no template", self.file, extends.lineno)
        return named.value, extends.lineno


def read_source(environment: Environment, name: str) -> Source:
    """Read and parse a template. Raises Jinja2's `TemplateNotFound` and `TemplateSyntaxError`."""
    if environment.loader is None:
        raise TemplateNotFound(name)
    text, path, is_fresh = environment.loader.get_source(environment, name)
    return parse_source(environment, name, text, path, is_fresh)


def parse_source(
    environment: Environment,
    name: str,
    text: str,
    path: str | None,
    is_fresh: Callable[[], bool] | None = None,
) -> Source:
    """A template from its text. Raises Jinja2's `TemplateSyntaxError`."""
    file = path or f"<template {name}>"
    tree = environment.parse(text, name, file)
    escape = environment.autoescape
    is_escaped = escape(name) if callable(escape) else bool(escape)
    # One walk for all of them: walking is most of what compiling costs.
    found = list(tree.find_all((nodes.Block, nodes.Extends, nodes.Name)))
    return Source(
        name,
        file,
        text,
        tree,
        is_escaped,
        is_fresh or (lambda: True),
        tuple(each for each in found if isinstance(each, nodes.Block)),
        tuple(each for each in found if isinstance(each, nodes.Extends)),
        frozenset(each.name for each in found if isinstance(each, nodes.Name) and each.ctx != "load"),
        frozenset(each.name for each in found if isinstance(each, nodes.Name) and each.ctx == "load"),
    )
