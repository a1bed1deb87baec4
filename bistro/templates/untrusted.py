"""Templates that somebody else wrote: rendered in Jinja2's sandbox, never compiled here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any  # Any: contexts hold whatever the site gives.

import jinja2

from bistro.ground.registry import Origin
from bistro.templates.errors import TemplateError, TemplateSyntaxError
from bistro.templates.sandbox import BoundedSandbox

TEXT_LENGTH_MAX = 50_000
OWN_MISTAKES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, RuntimeError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What a template may raise besides errors of Jinja2, some of them where it nests deeper than Python can."""


def render_untrusted(text: str, context: Mapping[str, Any]) -> str:
    """The text that a template of a visitor makes of `context`, with everything escaped.

    It can read the values that it is given and what they lead to, call nothing that changes them, and
    load no other templates. Give it plain values: texts, numbers, lists and dicts of these. It may still
    loop for long; render it where that can be cut short. Raises `TemplateError`.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise TemplateError(f"a template of {len(text):,} characters is too long", fix="Shorten it.")
    environment = BoundedSandbox()
    try:
        return environment.from_string(text).render(dict(context))
    except jinja2.TemplateSyntaxError as error:
        where = (Origin("<untrusted>", error.lineno),)
        raise TemplateSyntaxError(error.message or "it can't be read", where=where) from None
    except (jinja2.TemplateError, *OWN_MISTAKES) as error:
        raise TemplateError(f"the template can't be rendered: {error}") from None
