"""Stock Jinja2 rendering for templates that are not compiled here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar  # Any: names of a template have values of every kind.

import jinja2
from jinja2.runtime import Context, new_context
from jinja2.utils import missing

from bistro.templates.made import MadeNames


class FallbackContext(Context):
    """Jinja2's context, with the names that are made at their first use."""

    MADE: ClassVar = "__bistro_made__"

    def resolve_or_missing(self, key: str) -> Any:
        """The value of `key`, or Jinja2's mark for a missing one."""
        value = super().resolve_or_missing(key)
        if value is not missing:
            return value
        made = super().resolve_or_missing(self.MADE)
        return missing if made is missing or made is None else getattr(made, key, missing)


class FallbackTemplate(jinja2.Template):
    """Jinja2's template; one that is imported sees the names that are made, too."""

    def _get_default_module(self, ctx: Context | None = None) -> Any:
        made = missing if ctx is None else ctx.resolve_or_missing(FallbackContext.MADE)
        if made is missing:
            return super()._get_default_module(ctx)
        return self.make_module({FallbackContext.MADE: made})

    async def _get_default_module_async(self, ctx: Context | None = None) -> Any:
        made = missing if ctx is None else ctx.resolve_or_missing(FallbackContext.MADE)
        if made is missing:
            return await super()._get_default_module_async(ctx)
        return await self.make_module_async({FallbackContext.MADE: made})


def render_stock(
    template: jinja2.Template, context: Mapping[str, Any], made: MadeNames | None, block: str | None = None
) -> str:
    """The text of a template, or of one of its blocks, as stock Jinja2 makes it."""
    return "".join(stream_stock(template, context, made, block))


def stream_stock(
    template: jinja2.Template, context: Mapping[str, Any], made: MadeNames | None, block: str | None = None
) -> Iterator[str]:
    """The same in pieces, as they are made."""
    inner = _context_of(template, context, made)
    function = template.root_render_func if block is None else template.blocks[block]
    try:
        yield from function(inner)
    except Exception:  # noqa: BLE001 - it goes on, with the lines of the template
        template.environment.handle_exception()


async def stream_stock_async(
    template: jinja2.Template, context: Mapping[str, Any], made: MadeNames | None
) -> AsyncIterator[str]:
    """The same where values are awaited on the way; `template` is one of an async environment."""
    # Any: Jinja2 declares the function of the sync form alone.
    function: Any = template.root_render_func
    # Jinja2 awaits what is called and what is looped over; a value that stands there itself is awaited here.
    known = {name: await value if _is_awaited(value) else value for name, value in context.items()}
    try:
        async for piece in function(_context_of(template, known, made)):
            yield piece
    except Exception:  # noqa: BLE001 - as above
        template.environment.handle_exception()


def _is_awaited(value: Any) -> bool:
    return hasattr(value, "__await__") and not hasattr(value, "__aiter__")


def _context_of(template: jinja2.Template, context: Mapping[str, Any], made: MadeNames | None) -> Context:
    names = {**context, FallbackContext.MADE: made}
    return new_context(template.environment, template.name, template.blocks, names, False, template.globals)
