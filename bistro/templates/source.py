"""`Source`: a template as it was read and parsed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from jinja2 import Environment, TemplateNotFound, nodes
from msgspec import Struct

from bistro.templates.unsupported import Unsupported
from bistro.templates.walk import find_all


class Text(Struct, frozen=True, eq=False):
    """One template as it was read; `file` is what tracebacks name."""

    name: str
    file: str
    text: str
    digest: bytes
    """Tells this text from every other."""
    is_fresh: Callable[[], bool]
    """Whether the file still has this text."""


class Source(Struct, frozen=True, eq=False):
    """One template as it was parsed."""

    read: Text
    tree: nodes.Template
    is_escaped: bool
    blocks: tuple[nodes.Block, ...] = ()
    extends: tuple[nodes.Extends, ...] = ()
    assigned: frozenset[str] = frozenset()
    """Every name that is assigned to anywhere in it."""
    mentioned: frozenset[str] = frozenset()
    """Every name that is read anywhere in it."""

    @property
    def name(self) -> str:
        """What the template is called."""
        return self.read.name

    @property
    def file(self) -> str:
        """What tracebacks name."""
        return self.read.file

    @property
    def text(self) -> str:
        """The text that was parsed."""
        return self.read.text

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


def read_text(environment: Environment, name: str) -> Text:
    """Read a template. Raises Jinja2's `TemplateNotFound`."""
    if environment.loader is None:
        raise TemplateNotFound(name)
    text, path, is_fresh = environment.loader.get_source(environment, name)
    return make_text(name, text, path, is_fresh)


def make_text(
    name: str, text: str, path: str | None = None, is_fresh: Callable[[], bool] | None = None
) -> Text:
    """A template that was read from `path`, or from no file."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Text(name, path or f"<template {name}>", text, digest, is_fresh or (lambda: True))


def parse_source(environment: Environment, text: Text) -> Source:
    """A template from its text. Raises Jinja2's `TemplateSyntaxError`."""
    tree = environment.parse(text.text, text.name, text.file)
    escape = environment.autoescape
    # One walk for all of them: walking is much of what compiling costs.
    found = find_all(tree, (nodes.Block, nodes.Extends, nodes.Name))
    return Source(
        text,
        tree,
        escape(text.name) if callable(escape) else bool(escape),
        tuple(each for each in found if isinstance(each, nodes.Block)),
        tuple(each for each in found if isinstance(each, nodes.Extends)),
        frozenset(each.name for each in found if isinstance(each, nodes.Name) and each.ctx != "load"),
        frozenset(each.name for each in found if isinstance(each, nodes.Name) and each.ctx == "load"),
    )
