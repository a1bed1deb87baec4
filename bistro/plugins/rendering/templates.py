"""`Templates`: texts made from the site's templates that are no answers, such as mails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any  # Any: contexts hold whatever a site prints.

from bistro.plugins.rendering.answers import find_template
from bistro.templates import MadeNames, Page, TemplateNotFound, UndefinedName

if TYPE_CHECKING:
    from collections.abc import Callable

    from bistro.templates import Engine


class Templates:
    """The site's templates, for handlers, commands and plugins that need a text and no answer.

    What belongs to a request (`request`, `url`, `csp_nonce` and the like) has no value here.
    """

    def __init__(self, find_engine: Callable[[], Engine]) -> None:
        self._find_engine = find_engine

    def render(self, template: str | Page, /, **context: Any) -> str:
        """The text that a template makes of the names given, or that a page makes of its fields."""
        return self._render(template, context, None)

    def render_block(self, block: str, template: str | Page, /, **context: Any) -> str | None:
        """The text of that block alone; None where the template has none of that name."""
        try:
            return self._render(template, context, block)
        except TemplateNotFound as error:
            if "has no block" in error.what:
                return None
            raise

    def _render(self, template: str | Page, context: Mapping[str, Any], block: str | None) -> str:
        engine = self._find_engine()
        if isinstance(template, str):
            return engine.get(template, block=block).render(context, NOTHING_MADE)
        page = type(template)
        return engine.get(find_template(page), block=block, page=page).render(template, NOTHING_MADE)


class NothingMade(MadeNames):
    """Says that a name has no value where there is no request."""

    def __getattr__(self, name: str) -> Any:
        fix = "Give the template what it needs of the request, such as a whole URL."
        raise UndefinedName(f"{name!r} belongs to a request, and this text is made without one", fix=fix)


NOTHING_MADE = NothingMade({})
