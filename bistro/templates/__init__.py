"""Templates: Jinja2's language, compiled, with typed contexts. Knows nothing of the web.

Loaded when first used (PEP 562): a site without templates does not wait for Jinja2's parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.templates.checker import Checker as Checker
    from bistro.templates.engine import Engine as Engine
    from bistro.templates.errors import PageError as PageError
    from bistro.templates.errors import TemplateError as TemplateError
    from bistro.templates.errors import TemplateNotFound as TemplateNotFound
    from bistro.templates.errors import TemplateSyntaxError as TemplateSyntaxError
    from bistro.templates.errors import UndefinedName as UndefinedName
    from bistro.templates.faults import Fault as Fault
    from bistro.templates.formatter import format_template as format_template
    from bistro.templates.loading import Loaded as Loaded
    from bistro.templates.loading import is_same_but_for_loading as is_same_but_for_loading
    from bistro.templates.loading import mark as mark
    from bistro.templates.made import MadeNames as MadeNames
    from bistro.templates.page import Page as Page
    from bistro.templates.template import Template as Template
    from bistro.templates.untrusted import render_untrusted as render_untrusted

_MODULES = {
    "checker": ("Checker",),
    "engine": ("Engine",),
    "errors": ("PageError", "TemplateError", "TemplateNotFound", "TemplateSyntaxError", "UndefinedName"),
    "faults": ("Fault",),
    "formatter": ("format_template",),
    "loading": ("Loaded", "is_same_but_for_loading", "mark"),
    "made": ("MadeNames",),
    "page": ("Page",),
    "template": ("Template",),
    "untrusted": ("render_untrusted",),
}

__all__ = sorted(name for names in _MODULES.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
