"""`Engine`: finds, compiles and renders the templates of a site."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any  # Any: contexts hold whatever the site prints.

import jinja2
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, FileSystemLoader
from jinja2.ext import Extension

from bistro.ground.cache_folder import CacheFolder
from bistro.templates.code_store import CodeStore
from bistro.templates.components import ComponentTags
from bistro.templates.errors import TemplateNotFound, TemplateSyntaxError
from bistro.templates.fallback import FallbackContext, FallbackTemplate, stream_stock, stream_stock_async
from bistro.templates.filters import FILTERS
from bistro.templates.fragment_cache import FUNCTION, CacheTag, FragmentCache
from bistro.templates.library import Library
from bistro.templates.made import MadeNames
from bistro.templates.maker import TemplateMaker
from bistro.templates.page import Page
from bistro.templates.template import Template, as_mapping
from bistro.templates.undefined import UndefinedPolicy, undefined_class

PLAIN_SUFFIXES = (".txt", ".text", ".md", ".csv")
TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")


class Engine:
    """The templates of some folders, and of `sources`, which come first.

    A name such as `notes/show.html` is looked for in `sources`, then in each folder in order.
    `filters`, `tests`, `functions` and `tags` (extensions of Jinja2) come on top of the built-in ones;
    `made_names` are those that `MadeNames` will have at each render. Values are escaped for HTML except
    in templates whose name ends in `.txt`, `.md` or `.csv`. `reload` looks for changes of the files at
    each use. Compiled code is kept for the next start in the folder `.bistro` inside `keep_beside`, or
    where `BISTRO_CACHE` says.
    """

    def __init__(
        self,
        folders: Iterable[str | os.PathLike[str]] = (),
        *,
        sources: Mapping[str, str] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        tests: Mapping[str, Callable[..., Any]] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        tags: Iterable[type[Extension]] | None = None,
        made_names: Collection[str] = (),
        undefined: UndefinedPolicy = "error",
        reload: bool = False,
        keep_beside: str | os.PathLike[str] | None = None,
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
            extensions=[CacheTag, ComponentTags, *(tags or ())],
        )
        environment.context_class, environment.template_class = FallbackContext, FallbackTemplate
        environment.filters.update({**FILTERS, **(filters or {})})
        environment.tests.update(tests or {})
        environment.globals.update({FUNCTION: FragmentCache().fragment, **(functions or {})})
        self.environment = environment
        self.library = Library(environment, reload=reload)
        self._reload = reload
        folder = None if keep_beside is None else CacheFolder(Path(keep_beside))
        is_kept = folder is not None and not folder.is_off
        store = CodeStore(folder, environment, made_names, *self.folders) if folder and is_kept else None
        self._maker = TemplateMaker(self.library, made_names, store, self.folders)
        self._templates: dict[tuple[str, str | None, type[Page] | None], Template] = {}

    def get(self, name: str, *, block: str | None = None, page: type[Page] | None = None) -> Template:
        """The template `name`, or one `block` of it; with `page`, for contexts of that class.

        Raises `TemplateNotFound` and `TemplateSyntaxError`.
        """
        key = (name, block, page)
        found = self._templates.get(key)
        if found is None or (self._reload and not found.is_fresh):
            found = self._templates[key] = self._maker.make(name, block, page)
        return found

    def stream(
        self, name: str, context: Mapping[str, Any] | Page, made: MadeNames
    ) -> Iterator[str] | AsyncIterator[str]:
        """The text of a template in pieces, as they are made; for pages too big to be held at once.

        Async, and awaiting what the template prints, calls or loops over, if a value of `context` has
        to be awaited or looped over with `async for`.
        """
        names = as_mapping(context)
        if any(hasattr(value, "__aiter__") or hasattr(value, "__await__") for value in names.values()):
            return stream_stock_async(self._maker.stock(name, is_async=True), names, made)
        return stream_stock(self._maker.stock(name), names, made)

    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return self.library.names()

    def reasons(self, pages: Mapping[str, type[Page]] | None = None) -> dict[str, str]:
        """The readable templates that are left to stock Jinja2, each with the reason.

        All of them are compiled for that, and kept: for `pages` by their template, where they have one.
        """
        pages = pages or {}
        found: dict[str, str] = {}
        for name in self.names():
            try:
                reason = self.get(name, page=pages.get(name)).reason
            except (TemplateNotFound, TemplateSyntaxError):
                continue
            if reason:
                found[name] = reason
        return found


def is_escaped(name: str | None) -> bool:
    """Whether what a template prints is escaped for HTML: all but plain text is."""
    if name is None:
        return True
    for suffix in TEMPLATE_SUFFIXES:
        name = name.removesuffix(suffix)
    return not name.lower().endswith(PLAIN_SUFFIXES)
