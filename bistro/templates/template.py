"""`Template`: what renders one template, or a block of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any  # Any: contexts hold whatever the site prints.

import jinja2
import msgspec

from bistro.templates.fallback import render_stock
from bistro.templates.made import MadeNames
from bistro.templates.page import Page
from bistro.templates.program import Render
from bistro.templates.runtime import NeedsContext
from bistro.templates.source import Text

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
        texts: Sequence[Text] = (),
        takes_page: bool = False,
        mentioned: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.reason = reason
        """Why it is left to stock Jinja2; empty for a compiled one."""
        self.mentioned = mentioned
        """The names made at their first use that it, or what it includes, mentions."""
        self._function = function
        self._find_stock = find_stock
        self._block = block
        self._texts = texts
        self._takes_page = takes_page

    @property
    def is_compiled(self) -> bool:
        """Whether Bistro's own compiler made it, and not stock Jinja2."""
        return self._function is not None

    @property
    def is_fresh(self) -> bool:
        """Whether none of the files that it was made of has changed."""
        if self._function is None and not self._find_stock().is_up_to_date:
            return False
        return all(text.is_fresh() for text in self._texts)

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
        return render_stock(self._find_stock(), as_mapping(context), made, self._block)


def as_mapping(context: Mapping[str, Any] | Page) -> Mapping[str, Any]:
    """A context as names and values."""
    return msgspec.structs.asdict(context) if isinstance(context, Page) else context
