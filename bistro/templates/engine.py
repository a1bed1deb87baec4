"""`Engine`: finds, compiles and renders the templates of a site."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, get_type_hints  # Any: contexts hold whatever the site prints.

import jinja2
import msgspec
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, FileSystemLoader

from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean
from bistro.templates.errors import TemplateNotFound, TemplateSyntaxError
from bistro.templates.fallback import FallbackContext, FallbackTemplate, render_stock, stream_stock
from bistro.templates.filters import FILTERS
from bistro.templates.fragment_cache import FUNCTION, CacheTag, FragmentCache
from bistro.templates.made import MadeNames
from bistro.templates.mentions import find_mentioned
from bistro.templates.page import Page
from bistro.templates.program import Render, compile_program, load_program
from bistro.templates.runtime import NeedsContext
from bistro.templates.source import Source, read_source
from bistro.templates.undefined import UndefinedPolicy, undefined_class
from bistro.templates.unsupported import Unsupported

PLAIN_SUFFIXES = (".txt", ".text", ".md", ".csv")
TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")

NOTHING_MADE = MadeNames({})


class Template:
    """A template, or a block of one; several threads may render it at once."""

    def __init__(
        self,
        name: str,
        *,
        function: Render | None = None,
        find_stock: Callable[[], jinja2.Template],
        block: str | None = None,
        reason: str = "",
        sources: Sequence[Source] = (),
        takes_page: bool = False,
    ) -> None:
        self.name = name
        self.reason = reason
        """Why it is left to stock Jinja2; empty for a compiled one."""
        self._function = function
        self._find_stock = find_stock
        self._block = block
        self._sources = sources
        self._takes_page = takes_page

    @property
    def is_compiled(self) -> bool:
        """Whether Bistro's own compiler made it, and not stock Jinja2."""
        return self._function is not None

    @property
    def is_fresh(self) -> bool:
        """Whether none of the files that it was made of has changed."""
        if self._function is None:
            return self._find_stock().is_up_to_date
        return all(source.is_fresh() for source in self._sources)

    def render(self, context: Mapping[str, Any] | Page, made: MadeNames = NOTHING_MADE) -> str:
        """The text that the template makes of `context`. Raises `UndefinedName`."""
        function = self._function
        if function is not None:
            if not self._takes_page and isinstance(context, Page):
                context = msgspec.structs.asdict(context)
            try:
                return function(context, made)
            except NeedsContext:
                self._function, self.reason = None, "a function of the context asks for the whole context"
        return render_stock(self._find_stock(), _as_mapping(context), made, self._block)


class Engine:
    """The templates of some folders, and of `sources`, which come first.

    A name such as `notes/show.html` is looked for in `sources`, then in each folder in order.
    `filters`, `tests` and `functions` come on top of the built-in ones; `made_names` are those that
    `MadeNames` will have at each render. Values are escaped for HTML except in templates whose name
    ends in `.txt`, `.md` or `.csv`. `reload` looks for changes of the files at each use.
    """

    def __init__(
        self,
        folders: Iterable[str | os.PathLike[str]] = (),
        *,
        sources: Mapping[str, str] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        tests: Mapping[str, Callable[..., Any]] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        made_names: Collection[str] = (),
        undefined: UndefinedPolicy = "error",
        reload: bool = False,
    ) -> None:
        self.folders = tuple(os.fspath(folder) for folder in folders)
        loaders: Sequence[BaseLoader] = (DictLoader(sources or {}), FileSystemLoader(self.folders))
        environment = jinja2.Environment(
            loader=ChoiceLoader(loaders),
            autoescape=is_escaped,  # noqa: S701 - escaping is on for all but plain text
            undefined=undefined_class(undefined),
            auto_reload=reload,
            cache_size=-1,
            optimized=False,
            extensions=[CacheTag],
        )
        environment.context_class, environment.template_class = FallbackContext, FallbackTemplate
        environment.filters.update({**FILTERS, **(filters or {})})
        environment.tests.update(tests or {})
        environment.globals.update({FUNCTION: FragmentCache().fragment, **(functions or {})})
        self.environment = environment
        self._made_names = frozenset(made_names)
        self._reload = reload
        self._read: dict[str, Source] = {}
        """What was read before, and need not be read again for what extends or includes it."""
        self._mentioned: dict[str, frozenset[str]] = {}
        self._templates: dict[tuple[str, str | None, type[Page] | None], Template] = {}

    def get(self, name: str, *, block: str | None = None, page: type[Page] | None = None) -> Template:
        """The template `name`, or one `block` of it; with `page`, for contexts of that class.

        Raises `TemplateNotFound` and `TemplateSyntaxError`.
        """
        key = (name, block, page)
        found = self._templates.get(key)
        if found is None or (self._reload and not found.is_fresh):
            found = self._templates[key] = self._compile(name, block, page)
        return found

    def mentioned(self, name: str) -> frozenset[str]:
        """Those of the names made at their first use that a template, or what it includes, mentions."""
        found = self._mentioned.get(name)
        if found is None or self._reload:
            names, is_whole = find_mentioned(name, self._source)
            found = self._mentioned[name] = self._made_names & names if is_whole else self._made_names
        return found

    def _source(self, name: str) -> Source:
        known = self._read.get(name)
        if known is None or (self._reload and not known.is_fresh()):
            known = read_source(self.environment, name)
        return known

    def stream(self, name: str, context: Mapping[str, Any] | Page, made: MadeNames) -> Iterator[str]:
        """The text of a template in pieces, as they are made; for pages too big to be held at once."""
        return stream_stock(self._stock(name), _as_mapping(context), made)

    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return self.environment.list_templates()

    @property
    def known(self) -> Mapping[str, Source]:
        """The templates that were read so far, by name."""
        return self._read

    def reasons(self) -> dict[str, str]:
        """The readable templates that are left to stock Jinja2, each with the reason."""
        found: dict[str, str] = {}
        for name in self.names():
            try:
                reason = self.get(name).reason
            except (TemplateNotFound, TemplateSyntaxError):
                continue
            if reason:
                found[name] = reason
        return found

    def _compile(self, name: str, block: str | None, page: type[Page] | None) -> Template:
        find_stock = partial(self._stock, name)
        try:
            if self._reload:
                self._read = {name: source for name, source in self._read.items() if source.is_fresh()}
            compiled, sources = compile_program(
                self.environment,
                name,
                self._made_names,
                block=block,
                hints=_hints_of(page),
                known=self._read,
            )
            self._read.update((source.name, source) for source in sources)
            function = load_program(self.environment, compiled)
        except Unsupported as error:
            place = f"{error.file}:{error.line}: " if error.file else ""
            self._stock(name)
            return Template(name, find_stock=find_stock, block=block, reason=f"{place}{error.reason}")
        except (SyntaxError, RecursionError):
            return Template(name, find_stock=find_stock, block=block, reason="it is nested too deeply")
        except jinja2.TemplateNotFound as error:
            raise self._not_found(str(error.name or name)) from None
        except jinja2.TemplateSyntaxError as error:
            raise _syntax_error(error, name) from None
        return Template(
            name,
            function=function,
            find_stock=find_stock,
            block=block,
            sources=sources,
            takes_page=page is not None,
        )

    def _stock(self, name: str) -> jinja2.Template:
        try:
            return self.environment.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise self._not_found(str(error.name or name)) from None
        except jinja2.TemplateSyntaxError as error:
            raise _syntax_error(error, name) from None

    def _not_found(self, name: str) -> TemplateNotFound:
        near = did_you_mean(name, self.names())
        looked = ", ".join(self.folders) or "no folder"
        fix = f"Did you mean {near}? " if near else ""
        return TemplateNotFound(f"there is no template {name}", fix=f"{fix}It was looked for in {looked}.")


def is_escaped(name: str | None) -> bool:
    """Whether what a template prints is escaped for HTML: all but plain text is."""
    if name is None:
        return True
    for suffix in TEMPLATE_SUFFIXES:
        name = name.removesuffix(suffix)
    return not name.lower().endswith(PLAIN_SUFFIXES)


def _syntax_error(error: jinja2.TemplateSyntaxError, name: str) -> TemplateSyntaxError:
    where = (Origin(error.filename or error.name or name, error.lineno),)
    return TemplateSyntaxError(error.message or "it can't be read", where=where)


def _hints_of(page: type[Page] | None) -> Mapping[str, Any] | None:
    """The types of the fields of a page; a guess, which only makes rendering quicker."""
    if page is None:
        return None
    try:
        known = get_type_hints(page)
    except (NameError, TypeError):
        known = {}
    return {field: known.get(field, Any) for field in page.__struct_fields__}


def _as_mapping(context: Mapping[str, Any] | Page) -> Mapping[str, Any]:
    return msgspec.structs.asdict(context) if isinstance(context, Page) else context
