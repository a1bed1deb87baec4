"""`TemplateMaker`: makes templates, from what an earlier run has kept or by compiling them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property, partial
from typing import Any, get_type_hints  # Any: hints are types of every kind.

import jinja2

from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean
from bistro.templates.code_store import CodeStore, Found, key_of
from bistro.templates.errors import TemplateNotFound, TemplateSyntaxError
from bistro.templates.library import Library, Reading
from bistro.templates.mentions import find_mentioned
from bistro.templates.page import Page
from bistro.templates.program import compile_program, load_program
from bistro.templates.recipes import NamespaceMaker
from bistro.templates.template import Template
from bistro.templates.unsupported import Unsupported


class TemplateMaker:
    """Makes the templates of one engine."""

    def __init__(
        self,
        library: Library,
        made_names: Collection[str],
        store: CodeStore | None,
        looked_in: Collection[str],
    ) -> None:
        """`looked_in` are the folders that an error names."""
        self._library = library
        self._made_names = frozenset(made_names)
        self._store = store
        self._looked_in = looked_in
        self._namespaces = NamespaceMaker(library.environment)

    def make(self, name: str, block: str | None, page: type[Page] | None) -> Template:
        """A template, or a block of one. Raises `TemplateNotFound` and `TemplateSyntaxError`."""
        hints = hints_of(page)
        try:
            found = self._find(name, block, page, hints)
            function = (
                None
                if found.compiled is None
                else load_program(self._namespaces, found.compiled, found.texts)
            )
        except jinja2.TemplateNotFound as error:
            raise self._not_found(str(error.name or name)) from None
        except jinja2.TemplateSyntaxError as error:
            raise syntax_error(error, name) from None
        return Template(
            name,
            function=function,
            find_stock=partial(self.stock, name),
            block=block,
            reason=found.reason,
            texts=found.texts,
            takes_page=page is not None,
            mentioned=found.mentioned,
        )

    @cached_property
    def _async_environment(self) -> jinja2.Environment:
        """The same environment, for templates that await what they print."""
        made = self._library.environment.overlay(enable_async=True)
        made.bytecode_cache = None  # its code is other code under the same name
        return made

    def stock(self, name: str, *, is_async: bool = False) -> jinja2.Template:
        """The template as Jinja2 itself compiles it. Raises `TemplateNotFound` and `TemplateSyntaxError`."""
        environment = self._async_environment if is_async else self._library.environment
        try:
            return environment.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise self._not_found(str(error.name or name)) from None
        except jinja2.TemplateSyntaxError as error:
            raise syntax_error(error, name) from None

    def mentioned(self, name: str) -> frozenset[str]:
        """Those of the names made at their first use that a template, or what it includes, mentions."""
        names, is_whole = find_mentioned(name, self._library.source)
        return self._made_names & names if is_whole else self._made_names

    def _find(
        self, name: str, block: str | None, page: type[Page] | None, hints: Mapping[str, Any] | None
    ) -> Found:
        key = key_of(name, block, page, hints)
        found = self._store.find(key, self._library) if self._store else None
        if found is None:
            reading = Reading(self._library)
            if page is not None:
                reading.classes.add(page)
            found = self._compile(reading, name, block, hints)
            if self._store:
                self._store.keep(key, reading, found)
        return found

    def _compile(
        self, reading: Reading, name: str, block: str | None, hints: Mapping[str, Any] | None
    ) -> Found:
        try:
            compiled = compile_program(reading, name, self._made_names, block=block, hints=hints)
        except Unsupported as error:
            place = f"{error.file}:{error.line}: " if error.file else ""
            reason = f"{place}{error.reason}"
        except (SyntaxError, RecursionError):
            reason = "it is nested too deeply"
        else:
            return Found(compiled, "", reading.texts, self._made_names & reading.mentioned)
        self.stock(name)  # says what is wrong with it, if something is
        return Found(None, reason, reading.texts, self.mentioned(name))

    def _not_found(self, name: str) -> TemplateNotFound:
        near = did_you_mean(name, self._library.names())
        looked = ", ".join(self._looked_in) or "no folder"
        fix = f"Did you mean {near}? " if near else ""
        return TemplateNotFound(f"there is no template {name}", fix=f"{fix}It was looked for in {looked}.")


def syntax_error(error: jinja2.TemplateSyntaxError, name: str) -> TemplateSyntaxError:
    """Jinja2's error as one of Bistro's, with its place."""
    where = (Origin(error.filename or error.name or name, error.lineno),)
    return TemplateSyntaxError(error.message or "it can't be read", where=where)


def hints_of(page: type[Page] | None) -> Mapping[str, Any] | None:
    """The types of the fields of a page; a guess, which only makes rendering quicker."""
    if page is None:
        return None
    try:
        known = get_type_hints(page)
    except (NameError, TypeError):
        known = {}
    return {field: known.get(field, Any) for field in page.__struct_fields__}
