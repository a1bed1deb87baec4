"""`render(…)`, and the answer that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any  # Any: contexts hold whatever a site prints.

import msgspec

from bistro.http import Html, Json
from bistro.templates import Page, PageError


class Rendered(Html):
    """An answer whose body is made from a template, when the app takes it from the handler."""

    __slots__ = ("block", "context", "is_streamed", "page", "template")

    def __init__(
        self,
        template: str,
        context: Mapping[str, Any],
        page: Page | None,
        block: str | None,
        status: int,
        headers: Mapping[str, str] | None,
        *,
        is_streamed: bool = False,
    ) -> None:
        super().__init__("", status=status, headers=headers)
        self.is_streamed = is_streamed
        self.template = template
        self.context: Mapping[str, Any] | None = context
        self.page = page
        self.block = block


def render(
    template: str | Page,
    /,
    *,
    block: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Rendered:
    """An answer made from a template and the names given to it: `render("note.html", note=note)`.

    `block` renders that block alone, for a part of a page. A page takes the place of template and
    names where it needs a status or headers: `render(NotePage(note), status=201)`. The body is made
    once the handler has returned; cookies and headers may be set until then and after.
    """
    if isinstance(template, str):
        return Rendered(template, context, None, block, status, headers)
    return Rendered(find_template(type(template)), context, template, block, status, headers)


def fields_of(page: Page) -> dict[str, Any]:
    """The fields of a page by name, their values as they are."""
    return msgspec.structs.asdict(page)


def as_json(page: Page) -> Json:
    """The page's fields as JSON."""
    return Json(page)


def find_template(page: type[Page]) -> str:
    """The name of the page's template. Raises `PageError` where it has none."""
    if not page.page_template:
        fix = f'Name it: class {page.__name__}(Page, template="…").'
        raise PageError(f"the page {page.__name__} has no template", fix=fix)
    return page.page_template


def stream(
    template: str | Page,
    /,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Rendered:
    """The same as `render`, sent in pieces while it is made; for pages too big to be held at once.

    Iterables in the context may be generators. Where one is async, or a value has to be awaited, the
    template loops with `async for` and awaits what it prints. An error on the way breaks the answer off.
    """
    if isinstance(template, str):
        return Rendered(template, context, None, None, status, headers, is_streamed=True)
    name = find_template(type(template))
    return Rendered(name, context, template, None, status, headers, is_streamed=True)
